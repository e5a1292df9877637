// What differs between two versions of a mapping, place by place. Pure. For the api.
import type { JsonValue } from "./Records.ts"

/** `before` is absent where something was added, `after` where it was removed. */
export interface Change {
  readonly path: string
  readonly before?: JsonValue
  readonly after?: JsonValue
}

/** In the order of the newer version, removed places last. Rules are told apart by what they write, not by their place. */
export const changesBetween = (before: JsonValue, after: JsonValue, path = ""): ReadonlyArray<Change> => {
  const [old, now] = [membersOf(before), membersOf(after)]
  if (old === undefined || now === undefined || old.keyed !== now.keyed)
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }]
  const at = (key: string) => (now.keyed ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`)
  return [
    ...[...now.of].flatMap(([key, value]): ReadonlyArray<Change> => {
      const was = old.of.get(key)
      return was === undefined ? [{ path: at(key), after: value }] : changesBetween(was, value, at(key))
    }),
    ...[...old.of].flatMap(([key, value]) => (now.of.has(key) ? [] : [{ path: at(key), before: value }]))
  ]
}

interface Members {
  /** A list of rules by `to`. */
  readonly keyed: boolean
  readonly of: ReadonlyMap<string, JsonValue>
}

const membersOf = (value: JsonValue): Members | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  if (!Array.isArray(value)) return { keyed: false, of: new Map(Object.entries(value)) }
  const named = value.map((one: JsonValue) => [targetOf(one), one] as const)
  const of = new Map(named.flatMap(([to, one]) => (to === undefined ? [] : [[to, one] as const])))
  return of.size === value.length ? { keyed: true, of } : undefined
}

const targetOf = (rule: JsonValue): string | undefined =>
  typeof rule === "object" && rule !== null && "to" in rule && typeof rule.to === "string" ? rule.to : undefined
