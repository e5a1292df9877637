-- What a job's options leave out: listed rows of a stream that were taken and that were not, counted with the checkpoint.
alter table job_streams add column taken bigint not null default 0;
alter table job_streams add column left_out bigint not null default 0;
-- How much there is of a stream and what it costs, counted with a few calls when it began (libs/connectors/Survey.ts).
alter table job_streams add column survey jsonb;
