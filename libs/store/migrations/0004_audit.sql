-- The auditor's own books: tallies from the topics, results per job and entity, the chained log, reports.
create table tallies (
  tenant_id uuid not null,
  job_id uuid not null,
  stage text not null check (stage in ('raw', 'approved', 'loaded')),
  entity text not null,
  batch_key text not null,
  ids text[] not null,
  hashes text[] not null,
  notes text[],
  at timestamptz not null default now(),
  primary key (job_id, stage, entity, batch_key)
);

create table migration_results (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text not null,
  topic int not null,
  archived int not null,
  dead int not null,
  excluded int not null,
  approved int not null,
  loaded int not null,
  matched int not null,
  failed int not null,
  missing int not null,
  doubled int not null,
  changed int not null,
  hashes jsonb not null,
  differences jsonb not null default '[]',
  created_at timestamptz not null default now(),
  primary key (job_id, entity)
);

create table audit_log (
  tenant_id uuid not null,
  seq bigint not null,
  event_seq bigint not null,
  job_id uuid,
  at timestamptz not null,
  actor text not null,
  action text not null,
  detail jsonb not null,
  previous_hash text not null,
  hash text not null,
  primary key (tenant_id, seq),
  unique (tenant_id, event_seq)
);

create table reports (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null,
  job_id uuid,
  kind text not null,
  body jsonb not null,
  html text,
  hash text not null,
  created_at timestamptz not null default now(),
  unique (job_id, kind)
);
