// The engine's figures as a table for people, beside what they must reach, and as one object for programs. For main.ts.
import { cpus, totalmem } from "node:os"
import { type Aim, atLeast, atMost, type Floor, type Outcome } from "../Aims.ts"
import { table, thousands } from "../Figures.ts"
import { serviceMemory } from "../ServiceMemory.ts"
import type { EngineResult, Micros, Run } from "./Engine.ts"

/** Records per second of the bare loop on the machine that the aims were set on. */
const expectedFloor = 40_000

/** Bridge's own work: the vendor does not count. */
export const ownMicros = (cpu: Micros): number =>
  Object.entries(cpu).reduce((sum, [name, micros]) => sum + (name === "vendor" ? 0 : micros), 0)

const row = (floor: number, name: string, run: Run | undefined): ReadonlyArray<ReadonlyArray<string>> => {
  if (run === undefined) return []
  const parts = ["node", "kafka", "postgres", "vendor"].map((one) => (run.cpu[one] ?? 0).toFixed(0))
  return [[name, thousands(run.rate), (run.rate / floor).toFixed(3), ownMicros(run.cpu).toFixed(0), ...parts]]
}

/** `tenants` is how many had the same tickets each. */
export const report = (r: EngineResult, runs: number, tenants: number): Outcome => ({
  text: [
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
  ].join("\n"),
  aims: aims(r),
  json: figures(r)
})

const aims = ({ floor, pageToArchive, pageToTopic, rssMiB }: EngineResult): ReadonlyArray<Aim> => {
  const here: Floor = { is: floor, expected: expectedFloor }
  const archive = (run: Run): ReadonlyArray<Aim> => [
    atLeast("page to archive", run.rate, 12_000, "records/s", here),
    atMost("page to archive, CPU of all processes", ownMicros(run.cpu), 150, "us/record", here)
  ]
  return [
    ...(pageToTopic === undefined ? [] : [atLeast("page to topic", pageToTopic.rate, 40_000, "records/s", here)]),
    ...(pageToArchive === undefined ? [] : archive(pageToArchive)),
    ...serviceMemory(rssMiB)
  ]
}

/** The last line of `--json`. */
const figures = (r: EngineResult): object => ({
  floor: Math.round(r.floor),
  ...(r.pageToTopic !== undefined && { pageToTopic: Math.round(r.pageToTopic.rate) }),
  ...(r.pageToArchive !== undefined && { pageToArchive: Math.round(r.pageToArchive.rate) }),
  ...(r.pageToArchive !== undefined && { cpuMicrosPerRecord: Math.round(ownMicros(r.pageToArchive.cpu)) }),
  ...(r.pageToTopic !== undefined && { topicCpuMicrosPerRecord: Math.round(ownMicros(r.pageToTopic.cpu)) }),
  bytesPerRecord: r.expected.bytesPerRow,
  rssMiB: r.rssMiB
})
