// What `npm run bench -- limits` prints. For main.ts.
import { type Aim, atLeast, atMost, type Outcome } from "../Aims.ts"
import { table } from "../Figures.ts"
import { type LimitRow, limits } from "./Limits.ts"

const tells = {
  remaining: "what is left",
  "reset-floor": "left, reset",
  "reset-ceil": "left, reset",
  nothing: "nothing"
}

const percent = (share: number, digits: number): string => `${(share * 100).toFixed(digits)} %`

const aimsOf = ({ form, least, processes, refused, tell, used }: LimitRow): ReadonlyArray<Aim> => {
  const name = `${form}, headers tell ${tells[tell]}, processes: ${processes}`
  return [
    atLeast(`${name}, used`, used * 100, least.used * 100, "%"),
    atMost(`${name}, refused`, refused * 100, least.refused * 100, "%")
  ]
}

export const limitTable = async (seconds: number, minute: number, say: (line: string) => void): Promise<Outcome> => {
  const rows = await limits(seconds, minute, say)
  const cells = rows.map((row) => [
    row.form,
    tells[row.tell],
    String(row.processes),
    percent(row.used, 1),
    percent(row.refused, 2)
  ])
  const text = `${table(["limit", "headers tell", "processes", "used", "refused"], cells)}\n`
  return { text, aims: rows.flatMap(aimsOf) }
}
