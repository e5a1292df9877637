-- The part of a connection's limits that Bridge may use stands where calls are counted, so that a change holds for every process
-- at once, those that read with the connection as it was among them. Null: as whoever calls knows it.
alter table rate_budgets add column share real;
