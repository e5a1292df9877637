-- A batch's arrays are written once and read whole. This server has no lz4, and pglz costs 10 us of CPU for every record.
alter table job_extracted_data alter column transformed_data set storage external;
alter table tallies alter column ids set storage external;
alter table tallies alter column hashes set storage external;
alter table tallies alter column notes set storage external;

-- Settling updates every record soon after it was written: with room on its page no index has to know.
alter table job_records set (fillfactor = 75);
