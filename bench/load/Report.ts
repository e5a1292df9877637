// What `npm run bench -- load` prints. For main.ts.
import { atLeast, type Outcome } from "../Aims.ts"
import { table, thousands } from "../Figures.ts"
import { type LoadOptions, load } from "./Load.ts"

/** Records per second of the bare loop on the machine that the aim was set on. */
const expectedFloor = 55_000

export const loadTable = async (o: LoadOptions): Promise<Outcome> => {
  const { cpu, dispatched, finished, floor, rssMiB } = await load(o)
  const micros = (name: string): string => (cpu[name] ?? 0).toFixed(0)
  const own = ["node", "kafka", "postgres"].reduce((sum, name) => sum + (cpu[name] ?? 0), 0)
  const head = ["", "records/s", "of the floor", "CPU us/record", "node", "kafka", "postgres", "(vendor)"]
  const text = [
    `${thousands(o.records)} tickets of about ${thousands(o.bytes)} bytes in bulk calls of 100, median of ${o.runs}`,
    "",
    table(head, [
      ["floor", thousands(floor), "1.000", "", "", "", "", ""],
      [
        "dispatched",
        thousands(dispatched),
        (dispatched / floor).toFixed(3),
        own.toFixed(0),
        micros("node"),
        micros("kafka"),
        micros("postgres"),
        micros("destination")
      ],
      ["finished", thousands(finished), (finished / floor).toFixed(3), "", "", "", "", ""]
    ]),
    "",
    `peak memory: ${rssMiB} MiB, all services in one process`,
    ""
  ].join("\n")
  const floorHere = { is: floor, expected: expectedFloor }
  return { text, aims: [atLeast("dispatched", dispatched, 2_000, "records/s", floorHere)] }
}
