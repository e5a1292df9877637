-- A row of the outbox holds the messages of one partition that one transaction made: a batch of records costs one row, not one each.
-- `messages` says key, headers and bytes of each, in order; `payload` has their bytes one behind the other.
alter table outbox add column messages json;
update outbox set messages = json_build_array(json_build_object('key', key, 'headers', headers, 'bytes', length(payload)));
alter table outbox alter column messages set not null, drop column key, drop column headers, drop column id;
-- They live for moments: packing them costs more than their room.
alter table outbox alter column messages set storage external, alter column payload set storage external;
