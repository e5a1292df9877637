-- What a job's options leave out: listed rows of a stream that were taken and that were not, counted with the checkpoint.
alter table job_streams add column taken bigint not null default 0;
alter table job_streams add column left_out bigint not null default 0;
