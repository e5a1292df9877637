-- What a load has just written is joined by its audit at once: the auditor may analyze it (apps/auditor/audit/Fresh.ts).
grant maintain on job_record_outcomes, tallies to bridge_app;
