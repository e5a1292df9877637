// What every text of a request must be: one that can be stored, in a body that can be walked. For Refusals.ts.
// PostgreSQL keeps no NUL, JSON no half of a surrogate pair, and what is nested without end cannot be decoded.
import { type ProblemPlace, problem } from "@bridge/contract/Problem"
import { Effect, Result } from "effect"
import type { HttpServerRequest } from "effect/http"

const mostNested = 100

interface Spot {
  readonly value: unknown
  readonly key: string | number
  readonly above: Spot | undefined
  readonly depth: number
}

/** The first place that is not fit, or undefined. Not recursive: the value may be nested as deep as the body is long. */
export const illegible = (root: unknown): ProblemPlace | undefined => {
  const open: Array<Spot> = [{ value: root, key: "", above: undefined, depth: 0 }]
  for (let spot = open.pop(); spot !== undefined; spot = open.pop()) {
    const { value } = spot
    if (typeof value === "string") {
      const message = fault(value)
      if (message !== undefined) return { path: pathOf(spot), message }
    } else if (typeof value === "object" && value !== null) {
      if (spot.depth === mostNested) return { path: [], message: `is nested deeper than ${mostNested}` }
      for (const [key, inner] of Object.entries(value)) {
        const message = fault(key)
        if (message !== undefined) return { path: pathOf(spot), message: `a key ${message}` }
        const name = Array.isArray(value) ? Number(key) : key
        open.push({ value: inner, key: name, above: spot, depth: spot.depth + 1 })
      }
    }
  }
  return undefined
}

const fault = (text: string): string | undefined => {
  if (text.includes("\0")) return "holds the character NUL"
  return text.isWellFormed() ? undefined : "holds half of a surrogate pair"
}

const pathOf = (spot: Spot): ReadonlyArray<string | number> =>
  spot.above === undefined ? ["payload"] : [...pathOf(spot.above), spot.key]

/** The same request, whose text is refused when it is JSON with something unfit in it. Other faults stay the decoder's. */
export const legible = (request: HttpServerRequest.HttpServerRequest): HttpServerRequest.HttpServerRequest => {
  const text = Effect.tap(request.text, (body) => {
    const place = illegible(parsed(body))
    if (place === undefined) return Effect.void
    const where = place.path.join(".")
    const detail = where === "" ? `The body ${place.message}.` : `${where.slice(0, 200)} ${place.message}.`
    return Effect.die(problem("invalid-request", detail, { errors: [place] }))
  })
  return Object.create(request, { text: { value: text } }) as HttpServerRequest.HttpServerRequest
}

const parsed = (body: string): unknown => Result.getOrUndefined(Result.try((): unknown => JSON.parse(body)))
