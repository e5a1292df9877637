// The engine's figures as a table for people and as one object for programs. For main.ts.
import { cpus, totalmem } from "node:os"
import { table, thousands } from "../Figures.ts"
import type { EngineResult, Micros, Run } from "./Engine.ts"

/** Bridge's own work: the vendor does not count. */
const ownMicros = (cpu: Micros): number =>
  Object.entries(cpu).reduce((sum, [name, micros]) => sum + (name === "vendor" ? 0 : micros), 0)

const row = (floor: number, name: string, run: Run | undefined): ReadonlyArray<ReadonlyArray<string>> => {
  if (run === undefined) return []
  const parts = ["node", "kafka", "postgres", "vendor"].map((one) => (run.cpu[one] ?? 0).toFixed(0))
  return [[name, thousands(run.rate), (run.rate / floor).toFixed(3), ownMicros(run.cpu).toFixed(0), ...parts]]
}

/** Of as many tenants with the same tickets each. */
export const report = (r: EngineResult, runs: number, tenants: number): string =>
  [
    `${cpus().length} x ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; ${tenants === 1 ? "" : `${tenants} tenants with `}${thousands(r.expected.rows)} tickets of ${thousands(r.expected.bytesPerRow)} bytes, median of ${runs}`,
    "",
    table(
      ["", "records/s", "of the floor", "CPU us/record", "node", "kafka", "postgres", "(vendor)"],
      [
        ["floor", thousands(r.floor), "1.000", "", "", "", "", ""],
        ...row(r.floor, "page to topic", r.pageToTopic),
        ...row(r.floor, "page to archive", r.pageToArchive)
      ]
    ),
    "",
    ...(r.settleSeconds === undefined ? [] : [`settled in ${r.settleSeconds.toFixed(1)} s`]),
    `peak memory in MiB: ${JSON.stringify(r.rssMiB)}`,
    ""
  ].join("\n")

/** The last line of `--json`. */
export const figures = (r: EngineResult): object => ({
  floor: Math.round(r.floor),
  ...(r.pageToTopic !== undefined && { pageToTopic: Math.round(r.pageToTopic.rate) }),
  ...(r.pageToArchive !== undefined && { pageToArchive: Math.round(r.pageToArchive.rate) }),
  ...(r.pageToArchive !== undefined && { cpuMicrosPerRecord: Math.round(ownMicros(r.pageToArchive.cpu)) }),
  ...(r.pageToTopic !== undefined && { topicCpuMicrosPerRecord: Math.round(ownMicros(r.pageToTopic.cpu)) }),
  bytesPerRecord: r.expected.bytesPerRow,
  rssMiB: r.rssMiB
})
