-- The auditor also tallies the archive (hashes computed again from its bytes) and what it read back from the destination.
alter table tallies drop constraint tallies_stage_check;
alter table tallies add constraint tallies_stage_check check (stage in ('raw', 'approved', 'loaded', 'archive', 'destination'));

-- Job events that are not in the audit chain yet, across tenants, so that the auditor finds them: ids only, no customer data.
create table audit_queue (
  event_seq bigint primary key,
  tenant_id uuid not null
);
grant select, insert, delete on audit_queue to bridge_app;

create function bridge_audit_queue() returns trigger language plpgsql as $$
begin
  insert into audit_queue (event_seq, tenant_id) values (new.seq, new.tenant_id);
  perform pg_notify('bridge', 'audit');
  return null;
end $$;

create trigger audit_queue after insert on job_events for each row execute function bridge_audit_queue();
insert into audit_queue (event_seq, tenant_id) select seq, tenant_id from job_events where not chained;
