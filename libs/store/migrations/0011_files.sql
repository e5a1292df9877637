-- Which blobs a job has of files, and what became of each: a stream that goes on again does not fetch them twice.
create table job_files (
  tenant_id uuid not null,
  job_id uuid not null,
  source_id text not null,
  version text not null default '',
  state text not null check (state in ('stored', 'unavailable')),
  sha256 text,
  bytes bigint,
  problem text,
  at timestamptz not null default now(),
  primary key (job_id, source_id)
);
alter table job_files enable row level security;
alter table job_files force row level security;
create policy tenant on job_files using (tenant_id = bridge_tenant()) with check (tenant_id = bridge_tenant());
grant select, insert, update, delete on job_files to bridge_app;
