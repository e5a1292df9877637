-- What a stream could not read because the account does not have it or may not show it: a warning for who reviews.
alter table job_streams add column gaps jsonb not null default '[]';
