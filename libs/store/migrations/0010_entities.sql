-- Comments and attachments belong to records of several kinds: which kind stands beside the id.
alter table job_records add column parent_entity text;
alter table job_records no force row level security;
update job_records set parent_entity = case entity when 'comment' then 'ticket' when 'group-member' then 'group' end
  where parent_id is not null;
alter table job_records force row level security;
