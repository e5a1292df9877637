-- Outside tenancy: what the actor runtime, the timers and the budgets need. No customer data in here.
create table timers (
  kind text not null,
  key text not null,
  tenant_id uuid not null,
  job_id uuid,
  due timestamptz not null,
  payload jsonb not null default '{}',
  primary key (kind, key)
);
create index on timers (due);

create table leases (
  name text primary key,
  owner text not null,
  tenant_id uuid,
  job_id uuid,
  epoch bigint not null default 1,
  until timestamptz not null
);

create table fences (
  grp text not null, topic text not null, part int not null,
  epoch bigint not null, owner text not null, claimed_at timestamptz not null default now(),
  primary key (grp, topic, part)
);

create table consumer_offsets (
  grp text not null, topic text not null, part int not null,
  epoch bigint not null, low bigint not null, ahead text not null default '',
  clean boolean not null default false, attempts int not null default 0, updated_at timestamptz not null default now(),
  primary key (grp, topic, part)
);

create table inbox (
  grp text not null, event_id text not null, redrive int not null default 0, at timestamptz not null default now(),
  primary key (grp, event_id, redrive)
);

create table outbox (
  seq bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  id uuid not null default gen_random_uuid(),
  topic text not null, key text not null, part int not null,
  headers jsonb not null default '{}',
  payload bytea not null,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
create index outbox_unsent on outbox (seq) where sent_at is null;

create table rate_budgets (
  key text primary key,
  state jsonb not null default '{}',
  lease_owner text,
  lease_until timestamptz,
  updated_at timestamptz not null default now()
);

-- Row-level security, forced, on every table that has a tenant and is not named above.
do $$
declare t text;
begin
  foreach t in array array['users', 'sessions', 'api_tokens', 'idempotency_keys', 'tenant_connectors', 'mappings', 'jobs',
    'job_events', 'job_streams', 'job_batches', 'job_progress', 'job_extracted_data', 'job_records', 'dead_letters',
    'load_ledger', 'load_batches', 'load_phases', 'job_record_outcomes', 'job_load_results', 'tallies',
    'migration_results', 'audit_log', 'reports']
  loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I using (tenant_id = bridge_tenant()) with check (tenant_id = bridge_tenant())', t);
    execute format('grant select, insert, update, delete on %I to bridge_app', t);
  end loop;
end $$;

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants using (id = bridge_tenant()) with check (id = bridge_tenant());

-- Before a tenant is known there is only a name, a refresh token or an API token: each opens exactly its own row.
create policy login on users for select using (email = nullif(current_setting('app.login', true), '')::citext);
create policy refresh on sessions for select using (refresh_hash = decode(nullif(current_setting('app.refresh', true), ''), 'hex'));
create policy token on api_tokens for select using (token_hash = decode(nullif(current_setting('app.token', true), ''), 'hex'));

-- The audit log only grows; raw data and records are swept by the auditor.
revoke update, delete on audit_log from bridge_app;
grant select, insert, update on tenants to bridge_app;
grant select, insert, update, delete on timers, leases, fences, consumer_offsets, inbox, outbox, rate_budgets to bridge_app;
grant usage on schema public to bridge_app;
grant usage on all sequences in schema public to bridge_app;

-- Fresh rows have no statistics until autovacuum comes by, and settling joins them at once: its stage may analyze.
grant maintain on job_records, job_batches, load_ledger to bridge_app;
