// Waiting for a job of a benchmark. For engine and load. What does not belong here: what is measured meanwhile.
import type { TenantSource } from "./engine/Source.ts"

const patienceMillis = 10 * 60_000

/** Asks every 100 ms until the condition on the job `j` holds; a job that fails is an error. */
export const until = async (source: TenantSource, job: string, condition: string): Promise<void> => {
  const late = Date.now() + patienceMillis
  for (;;) {
    const [row] = await source.rows<{ done: boolean; state: string; error: unknown }>((sql) =>
      sql.unsafe(`select coalesce(${condition}, false) as done, state, error from jobs j where id = '${job}'::uuid`)
    )
    if (row?.done === true) return
    if (row?.state === "failed") throw new Error(`the job failed: ${JSON.stringify(row.error)}`)
    if (Date.now() > late) throw new Error(`not within ${patienceMillis / 60_000} minutes: ${condition}`)
    await new Promise((later) => setTimeout(later, 100))
  }
}
