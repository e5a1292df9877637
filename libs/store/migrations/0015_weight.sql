-- A tenant's part of the work where others wait, in place of what its tier gives.
alter table tenants add column weight int check (weight between 1 and 100);
