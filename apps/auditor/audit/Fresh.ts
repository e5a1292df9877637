// Statistics of what an audit joins. A load has written it a moment ago, and autovacuum may not have come by: the planner would take
// it for a handful of rows and look through all of the ledger for each. For Audit.ts.
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Tells the planner how much there is; a second for the largest tables, which are sampled. */
export const freshStatistics = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`analyze job_records, job_batches, job_record_outcomes, load_ledger, tallies`
)
