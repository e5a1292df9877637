// What a rule of a mapping may be: JSONata that gives the same answer every time, small enough to be read. For Mapping.ts.
// What does not belong here: running it (libs/mapping/rules).
import { Result } from "effect"
import jsonata from "jsonata"

/** Characters of a rule, and parts of it. */
const maxText = 2_000
const maxParts = 500

/** Other answers at other times, code out of data, and what may run without end on a short text. */
const forbidden: ReadonlySet<string> = new Set(["now", "millis", "random", "shuffle", "eval"])

/** Why this is no rule, or undefined. */
export const ruleFault = (text: string): string | undefined => {
  if (text.length > maxText) return `a rule has at most ${maxText} characters`
  const parsed = parse(text)
  return typeof parsed === "string" ? parsed : partFault(parsed)
}

const parse = (text: string): object | string =>
  Result.match(
    Result.try(() => jsonata(text).ast()),
    { onSuccess: (ast): object | string => ast, onFailure: faultOf }
  )

const faultOf = (fault: unknown): string => {
  const words =
    typeof fault === "object" && fault !== null && "message" in fault ? String(fault.message) : "cannot be read"
  const at = typeof fault === "object" && fault !== null && "position" in fault ? ` (at ${String(fault.position)})` : ""
  return `is no JSONata: ${words}${at}`
}

/** Walks every part once; the tree of a short text is shallow enough for no stack. */
const partFault = (root: object): string | undefined => {
  const open: Array<object> = [root]
  let parts = 0
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (!Array.isArray(part) && ++parts > maxParts) return `a rule has at most ${maxParts} parts`
    const { type, value } = part as { readonly type?: unknown; readonly value?: unknown }
    if (type === "regex") return "a rule has no regular expressions: compare with text"
    if (type === "variable" && typeof value === "string" && forbidden.has(value))
      return `a rule has no $${value}: it must give the same answer every time`
    for (const inner of Object.values(part)) if (typeof inner === "object" && inner !== null) open.push(inner)
  }
  return undefined
}
