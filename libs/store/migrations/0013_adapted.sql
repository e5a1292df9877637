-- What the destination could not take as approved and was given in another form (an agent without a seat), and what that changed.
alter table load_ledger add column adapted jsonb;
alter table job_record_outcomes add column warnings jsonb;
