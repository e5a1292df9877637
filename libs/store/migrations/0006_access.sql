-- Who gets in: rotating refresh tokens with their predecessor, roles of API tokens, and whether the first tenant is made.
alter table sessions add column previous_hash bytea;
alter table sessions add column rotated_at timestamptz;
create index on sessions (previous_hash) where previous_hash is not null;
create index on sessions (user_id);

alter table api_tokens add column role text not null default 'viewer' check (role in ('admin', 'approver', 'viewer', 'operator'));

-- A token that was used before it was rotated opens its session's row too, so that the theft is noticed.
create policy refresh_again on sessions for select
  using (previous_hash = decode(nullif(current_setting('app.refresh', true), ''), 'hex'));

-- One row: set by the first tenant, which needs no operator's token.
create table installation (
  "only" boolean primary key default true check ("only"),
  first_tenant_at timestamptz
);
insert into installation default values;
grant select, update on installation to bridge_app;
