-- When a job's extracted data and its results were removed since their time was over: they are gone, not empty.
alter table jobs add column data_expired_at timestamptz, add column results_expired_at timestamptz;
alter table jobs no force row level security;
alter table job_events no force row level security;
update jobs j set data_expired_at = e.at from job_events e where e.job_id = j.id and e.type = 'data-expired';
update jobs j set results_expired_at = e.at from job_events e where e.job_id = j.id and e.type = 'results-expired';
alter table jobs force row level security;
alter table job_events force row level security;
