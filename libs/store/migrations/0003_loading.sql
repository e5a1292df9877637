-- Loading: the ledger that outlives jobs, the batches of a job, and what became of each record.
create table load_ledger (
  tenant_id uuid not null,
  destination_account text not null,
  source_account text not null,
  entity text not null,
  source_id text not null,
  source_key text not null,
  state text not null check (state in ('intended', 'created', 'matched', 'updated', 'unknown', 'failed', 'removed')),
  destination_id text,
  destination_version text,
  loaded_hash text,
  intent jsonb,
  error jsonb,
  created_job uuid,
  last_job uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, destination_account, source_account, entity, source_id)
);
create index on load_ledger (last_job, entity);

create table load_batches (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text not null,
  phase int not null,
  number int not null,
  state text not null check (state in ('released', 'sending', 'waiting', 'done', 'withdrawn')),
  records jsonb not null,
  size int not null,
  epoch bigint not null default 0,
  owner text not null default '',
  vendor_jobs jsonb not null default '[]',
  deadline timestamptz,
  attempt int not null default 0,
  error jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (job_id, entity, number)
);
create index load_batches_open on load_batches (job_id, entity) where state in ('released', 'sending', 'waiting');

-- A phase of a job: what has been released so far and whether the release has ended.
create table load_phases (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text not null,
  phase int not null,
  epoch bigint not null default 0,
  slice int not null default 0,
  position jsonb,
  next_batch int not null default 0,
  ended boolean not null default false,
  done boolean not null default false,
  updated_at timestamptz not null default now(),
  primary key (job_id, entity)
);

create table job_record_outcomes (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text not null,
  source_id text not null,
  outcome text not null check (outcome in ('created', 'matched', 'updated', 'skipped', 'merged', 'failed', 'unknown')),
  destination_id text,
  loaded_hash text,
  error jsonb,
  at timestamptz not null default now(),
  primary key (job_id, entity, source_id)
);

create table job_load_results (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null,
  job_id uuid not null,
  job_extracted_data_id uuid not null,
  destination_system text not null,
  success_count int not null default 0,
  failed_count int not null default 0,
  error_details jsonb,
  retry_count int not null default 0,
  loaded_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (job_extracted_data_id, destination_system)
);
