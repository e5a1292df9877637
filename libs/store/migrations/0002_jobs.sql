-- Jobs, their streams, batches, archive and records. A table has one app that writes it: libs/flow/Flow.ts, docs/flow.md.
create table jobs (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null references tenants (id),
  kind text not null default 'full' check (kind in ('full', 'sample', 'delta', 'retry', 'undo', 'verify', 'sync')),
  name text not null default '',
  state text not null default 'queued' check (state in ('queued', 'running', 'extracting', 'data_ready',
    'validation_pending', 'loading', 'completed', 'failed', 'cancelled')),
  paused boolean not null default false,
  cancel_requested boolean not null default false,
  source_connection uuid not null references tenant_connectors (id),
  destination_connection uuid references tenant_connectors (id),
  source_vendor text not null,
  destination_vendor text,
  source_account text not null,
  destination_account text,
  entities text[] not null,
  options jsonb not null default '{}',
  mapping_id uuid,
  mapping_version int,
  revision int not null default 1,
  settled_revision int,
  approval jsonb,
  load_phase int,
  audit_complete boolean not null default false,
  error jsonb,
  created_by text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
create index on jobs (tenant_id, created_at desc);

create table job_events (
  seq bigint generated always as identity primary key,
  tenant_id uuid not null,
  job_id uuid,
  type text not null,
  actor text not null default 'system',
  detail jsonb not null default '{}',
  at timestamptz not null default now(),
  chained boolean not null default false
);
create index on job_events (job_id, seq);
create index job_events_unchained on job_events (tenant_id, seq) where not chained;

create table job_streams (
  tenant_id uuid not null,
  job_id uuid not null references jobs (id),
  stream text not null,
  entity text not null,
  epoch bigint not null default 0,
  owner text not null default '',
  slice int not null default 0,
  checkpoint jsonb,
  read_at timestamptz,
  next_batch jsonb not null default '{}',
  ended boolean not null default false,
  sealed_at timestamptz,
  rows bigint not null default 0,
  calls bigint not null default 0,
  error jsonb,
  started_at timestamptz,
  updated_at timestamptz not null default now(),
  primary key (job_id, stream)
);

-- The manifest: which batches count. `stream` is the driving stream, `entity` the topic's entity.
create table job_batches (
  tenant_id uuid not null,
  job_id uuid not null,
  stream text not null,
  entity text not null,
  number int not null,
  epoch bigint not null,
  rows int not null,
  bytes int not null,
  hash text not null,
  state text not null check (state in ('sending', 'sent', 'abandoned', 'refined')),
  revision int not null default 0,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  refined_at timestamptz,
  primary key (job_id, stream, entity, number)
);
create index job_batches_open on job_batches (job_id, stream) where state in ('sending', 'sent');

create table job_progress (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text not null,
  expected bigint,
  updated_at timestamptz not null default now(),
  primary key (job_id, entity)
);

-- The archive: a row per batch; positions in job_records index into both arrays.
create table job_extracted_data (
  id uuid primary key default uuidv7(),
  job_id uuid not null,
  tenant_id uuid not null,
  entity_type text not null,
  stream text not null,
  batch_number int not null,
  source_system text not null,
  raw_data json,
  transformed_data jsonb,
  record_count int not null,
  extraction_timestamp timestamptz not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (job_id, entity_type, stream, batch_number)
);
alter table job_extracted_data alter column raw_data set storage external;
create index on job_extracted_data (expires_at);

create table job_records (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text not null,
  source_id text not null,
  native_id text not null,
  parent_id text,
  stream text not null,
  batch int not null,
  position int not null,
  version text not null default '',
  revision int not null default 1,
  raw_hash text not null,
  transformed_hash text,
  state text not null default 'ready' check (state in ('ready', 'excluded', 'deleted')),
  reason text,
  match_key text,
  sort_key text not null default '',
  title text not null default '',
  status text,
  warnings jsonb,
  refs jsonb,
  resolution jsonb,
  updated_at timestamptz not null default now(),
  primary key (job_id, entity, source_id)
);
create index on job_records (job_id, entity, native_id);
create index on job_records (job_id, entity, parent_id) where parent_id is not null;
create index on job_records (job_id, entity, match_key) where match_key is not null;
create index on job_records (job_id, entity, stream, batch, position);

create table dead_letters (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null,
  job_id uuid,
  stage text not null,
  entity text,
  source_id text,
  event_id text not null,
  topic text not null,
  part int not null,
  position bigint not null,
  error_class text not null,
  error jsonb not null,
  payload bytea,
  redrive int not null default 0,
  state text not null default 'open' check (state in ('open', 'redriven', 'resolved')),
  created_at timestamptz not null default now(),
  unique (stage, event_id, redrive)
);
create index on dead_letters (tenant_id, job_id);
