// Why Bridge has ended, for the person who started it: what was expected in one sentence, a bug with its stack.
// For Run.ts. Not here: refusals before anything has started (main.ts, service.ts), which say what to do.
import { Cause, Option } from "effect"

export const whyEnded = (cause: Cause.Cause<unknown>): string => {
  const expected = Option.getOrUndefined(Cause.findErrorOption(cause))
  return expected === undefined ? Cause.pretty(cause) : sentence(expected)
}

/** What an error and those behind it say, from the outside in: the part that failed first, the machine's own words last. */
const sentence = (error: unknown): string => {
  const said: Array<string> = []
  for (let at: unknown = error; typeof at === "object" && at !== null; at = inside(at)) {
    const { _tag: tag, message } = at as { readonly _tag?: string; readonly message?: string }
    said.push(message || tag || "not known")
  }
  return said.length === 0 ? String(error) : [...new Set(said)].join(": ")
}

const inside = (error: object): unknown => Reflect.get(error, "reason") ?? Reflect.get(error, "cause")
