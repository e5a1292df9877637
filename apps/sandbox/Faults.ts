// Orders to misbehave: which calls they meet, how often, and what happens to them.
// The server obeys; a vendor never knows that its answer was spoilt.
import { draw, places } from "./Random.ts"
import type { Call } from "./Reply.ts"

export const faultKinds = [
  "429",
  "status",
  "slow",
  "cut",
  "truncate",
  "html",
  "trickle",
  "unanswered",
  "drop",
  "expired"
] as const
export type FaultKind = (typeof faultKinds)[number]

export type FaultOrder = {
  readonly kind: FaultKind
  readonly vendor?: "freshservice" | "zendesk"
  readonly method?: string
  /** Regular expression on path and query. */
  readonly path?: string
  /** At most so many calls; absent means until `seconds` are over or the order is deleted. */
  readonly count?: number
  /** Let so many matching calls through first. */
  readonly skip?: number
  /** The order ends so many real seconds after it was given. */
  readonly seconds?: number
  /** Share of the matching calls, drawn from `seed`; absent means all. */
  readonly probability?: number
  readonly seed?: number
  /** kind `status`: 500 when absent. */
  readonly status?: number
  /** kinds `429` and `status`. */
  readonly retryAfter?: number
  /** kind `status`. */
  readonly body?: string
  /** kind `slow`: milliseconds before the answer; kind `trickle`: milliseconds until its last byte. */
  readonly ms?: number
}

export type ActiveFault = { readonly id: number; readonly order: FaultOrder; seen: number; hit: number }

export type Faults = {
  readonly add: (order: FaultOrder) => ActiveFault
  /** The first order that meets this call, counted as used. */
  readonly meet: (vendor: string, call: Call) => ActiveFault | undefined
  readonly list: () => ReadonlyArray<ActiveFault>
  readonly clear: () => void
}

/** A message when the order makes no sense, so that a typo never becomes a test that tests nothing. */
export const faultProblem = (order: Record<string, unknown>): string | null => {
  if (!faultKinds.some((kind) => kind === order.kind)) return `kind must be one of ${faultKinds.join(", ")}`
  if (order.vendor !== undefined && order.vendor !== "freshservice" && order.vendor !== "zendesk") {
    return "vendor must be freshservice or zendesk"
  }
  for (const key of ["count", "skip", "seconds", "probability", "seed", "status", "retryAfter", "ms"]) {
    if (order[key] !== undefined && typeof order[key] !== "number") return `${key} must be a number`
  }
  for (const key of ["method", "path", "body"]) {
    if (order[key] !== undefined && typeof order[key] !== "string") return `${key} must be a string`
  }
  const unknown = Object.keys(order).find((key) => !fields.has(key))
  if (unknown !== undefined) return `${unknown} is not part of an order`
  try {
    new RegExp(typeof order.path === "string" ? order.path : "")
  } catch {
    return "path is not a regular expression"
  }
  return null
}

const fields = new Set(
  "kind vendor method path count skip seconds probability seed status retryAfter body ms".split(" ")
)

export const makeFaults = (now: () => number): Faults => {
  let active: Array<{ readonly fault: ActiveFault; readonly path: RegExp | null; readonly ends: number }> = []
  let nextId = 1
  const usable = (entry: (typeof active)[number]): boolean =>
    now() < entry.ends && (entry.fault.order.count === undefined || entry.fault.hit < entry.fault.order.count)
  return {
    add: (order) => {
      const fault: ActiveFault = { id: nextId++, order, seen: 0, hit: 0 }
      active.push({
        fault,
        path: order.path === undefined ? null : new RegExp(order.path),
        ends: order.seconds === undefined ? Number.POSITIVE_INFINITY : now() + order.seconds * 1000
      })
      return fault
    },
    meet: (vendor, call) => {
      for (const entry of active) {
        const { fault, path } = entry
        const { order } = fault
        if (order.vendor !== undefined && order.vendor !== vendor) continue
        if (order.method !== undefined && order.method.toUpperCase() !== call.method) continue
        if (path !== null && !path.test(call.path + call.search)) continue
        if (!usable(entry)) continue
        fault.seen++
        if (fault.seen <= (order.skip ?? 0)) continue
        if (order.probability !== undefined && draw(order.seed ?? 1, places.faults, fault.seen) >= order.probability)
          continue
        fault.hit++
        return fault
      }
      return undefined
    },
    list: () => active.map((entry) => entry.fault),
    clear: () => {
      active = []
    }
  }
}
