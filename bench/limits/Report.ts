// What `npm run bench -- limits` prints; what falls short is said. For main.ts.
import { table } from "../Figures.ts"
import { type LimitRow, limits } from "./Limits.ts"

const tells = {
  remaining: "what is left",
  "reset-floor": "left, reset",
  "reset-ceil": "left, reset",
  nothing: "nothing"
}

const percent = (share: number, digits: number): string => `${(share * 100).toFixed(digits)} %`

const isShort = ({ least, refused, used }: LimitRow): boolean => used < least.used || refused > least.refused

export const limitTable = async (seconds: number, minute: number, say: (line: string) => void): Promise<string> => {
  const rows = await limits(seconds, minute, say)
  const cells = rows.map((row) => [
    row.form,
    tells[row.tell],
    String(row.processes),
    percent(row.used, 1),
    percent(row.refused, 2),
    isShort(row) ? "falls short" : ""
  ])
  return `${table(["limit", "headers tell", "processes", "used", "refused", ""], cells)}\n`
}
