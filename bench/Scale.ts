// `npm run bench -- scale`: what a record costs from page to review, of few and of many tickets, of one tenant and of twenty.
import { atMost, type Outcome } from "./Aims.ts"
import { type EngineOptions, engine } from "./engine/Engine.ts"
import { ownMicros } from "./engine/Report.ts"
import { table, thousands } from "./Figures.ts"

/** The dearest may cost this much of the cheapest: what runs of the same differ by. */
const mostTimes = 1.3

/** A tenth of `records`, all of them, and all of them shared out between twenty. */
export const scale = async (
  o: Pick<EngineOptions, "records" | "runs" | "bytes" | "gzip" | "profile" | "say">
): Promise<Outcome> => {
  const few = Math.ceil(o.records / 10)
  const cases = [
    { records: few, tenants: 1 },
    { records: o.records, tenants: 1 },
    { records: o.records, tenants: 20 }
  ]
  const rows: Array<ReadonlyArray<string>> = []
  const costs: Array<number> = []
  for (const { records, tenants } of cases) {
    o.say(`${thousands(records)} tickets, tenants: ${tenants}`)
    const { floor, pageToArchive } = await engine({
      ...o,
      records,
      tenants,
      only: "archive",
      apart: false,
      settled: true
    })
    const { cpu = {}, rate = Number.NaN } = pageToArchive ?? {}
    // In records of the floor of the same runs, so that a slow quarter of an hour of the machine is no cost.
    const cost = (ownMicros(cpu) / 1e6) * floor
    costs.push(cost)
    const parts = ["node", "kafka", "postgres"].map((one) => (cpu[one] ?? 0).toFixed(0))
    const cells = [thousands(rate), (rate / floor).toFixed(3), ownMicros(cpu).toFixed(0), cost.toFixed(2), ...parts]
    rows.push([thousands(records), String(tenants), ...cells])
  }
  const head = [
    "tickets",
    "tenants",
    "records/s",
    "of the floor",
    "CPU us/record",
    "in floor's records",
    "node",
    "kafka",
    "postgres"
  ]
  const times = Math.max(...costs) / Math.min(...costs)
  return { text: `${table(head, rows)}\n`, aims: [atMost("dearest of the cheapest", times, mostTimes, "times")] }
}
