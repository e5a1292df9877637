-- Tenants, their people, tokens and connections. Every tenant table has forced row-level security: no tenant set, no rows.
create extension if not exists citext;

do $$ begin
  if not exists (select 1 from pg_roles where rolname = 'bridge_app') then
    create role bridge_app nologin nobypassrls;
  end if;
exception when duplicate_object or unique_violation then null; -- another database of this server was faster
end $$;

create function bridge_tenant() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.tenant', true), '')::uuid;

create table tenants (
  id uuid primary key default uuidv7(),
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  name text not null,
  tier text not null default 'standard' check (tier in ('standard', 'premium', 'enterprise')),
  retention_days int not null default 30 check (retention_days between 30 and 90),
  data_key bytea,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table users (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null references tenants (id),
  email citext not null unique,
  name text not null default '',
  password_hash text not null,
  role text not null default 'admin' check (role in ('admin', 'approver', 'viewer', 'operator')),
  created_at timestamptz not null default now(),
  disabled_at timestamptz
);

create table sessions (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  refresh_hash bytea not null unique,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);

create table api_tokens (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  name text not null,
  token_hash bytea not null unique,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);

create table idempotency_keys (
  tenant_id uuid not null references tenants (id),
  key text not null,
  request_hash bytea not null,
  status int,
  body jsonb,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);

create table tenant_connectors (
  id uuid primary key default uuidv7(),
  tenant_id uuid not null references tenants (id),
  vendor text not null,
  name text not null,
  instance text not null,
  config jsonb not null,
  secrets bytea not null,
  share real not null default 1 check (share > 0 and share <= 1),
  checked_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index on tenant_connectors (tenant_id);

create table mappings (
  id uuid not null default uuidv7(),
  tenant_id uuid not null references tenants (id),
  version int not null default 1,
  name text not null,
  source_vendor text not null,
  destination_vendor text not null,
  body jsonb not null,
  created_by text not null default '',
  created_at timestamptz not null default now(),
  primary key (id, version)
);
create index on mappings (tenant_id);
