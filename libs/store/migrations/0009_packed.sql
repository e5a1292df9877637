-- The vendor's rows as Zstandard frames (docs/adr/20261126-packed-rows.md): JSON that nobody queries costs 45 us of CPU and 3 kB of
-- log for every record, packed it costs 2 us. What is there stays as it is: plain JSON is read as well.
alter table job_extracted_data alter column raw_data type bytea using convert_to(raw_data::text, 'UTF8');
alter table job_extracted_data alter column raw_data set storage external;
-- Elements are canonical JSON text, written once and read whole: as JSONB they were taken apart and put together again.
alter table job_extracted_data alter column transformed_data type json using transformed_data::text::json;
alter table job_extracted_data alter column transformed_data set storage external;
