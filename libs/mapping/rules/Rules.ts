// Runs the rules of a mapping (JSONata) over records, each within limits of time, depth and size. For jobs and previews.
// JSONata answers later, the transform at once: rules are asked in a pass before it. A mapping without rules takes one pass.
import type { EntityId } from "@bridge/domain/Entities"
import type { EntityMapping, Mapping, Part } from "@bridge/domain/Mapping"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import type { JsonValue } from "@bridge/domain/Records"
import { Effect } from "effect"
import jsonata from "jsonata"
import type { Transform, Transforms } from "../transform/Compile.ts"
import type { RuleAnswer } from "./Answer.ts"
import { counted, isFunction, tooLong } from "./Work.ts"

/** Of one rule over one record. */
export const limits = {
  /** Milliseconds of its own time, many times what the steps take: only for what no count sees. */
  millis: 500,
  stack: 100,
  sequence: 10_000,
  steps: 20_000,
  /** Characters of a text on the way, and of the answer as JSON. */
  text: 65_536,
  /** Characters and elements that JSONata's functions look at one by one. */
  work: 20_000_000
} as const

/** The rules of an entity in the order in which its fields are written. */
export const rulesOf = (entity: EntityMapping | undefined): ReadonlyArray<string> =>
  (entity?.fields ?? []).flatMap((field) => [field, ...(field.concat ?? [])].flatMap(ruleOf))

const ruleOf = ({ rule }: Part): ReadonlyArray<string> => (rule === undefined ? [] : [rule])

/**
 * `pass` transforms records, always the same ones in the same order. It is called twice when there are rules: first only to ask
 * which records there are.
 */
export const withRules = <A>(
  mapping: Mapping,
  transforms: Transforms,
  pass: (transforms: Transforms, asking: boolean) => A
): Effect.Effect<A> => {
  const ids = (Object.keys(mapping.entities) as ReadonlyArray<EntityId>).filter(
    (id) => rulesOf(mapping.entities[id]).length > 0
  )
  if (ids.length === 0) return Effect.sync(() => pass(transforms, false))
  return Effect.gen(function* () {
    const asked: Array<readonly [EntityId, CanonicalRecord]> = []
    pass(
      replaced(transforms, ids, (id) => (record) => {
        asked.push([id, record])
        return { element: null, excluded: null, warnings: [] }
      }),
      true
    )
    const compiled = new Map(ids.map((id) => [id, rulesOf(mapping.entities[id]).map((rule) => compileRule(rule))]))
    const answers = yield* Effect.forEach(asked, ([id, record]) => answersTo(compiled.get(id) ?? [], record))
    let next = 0
    return pass(
      replaced(transforms, ids, (id) => (record) => transforms[id](record, answers[next++])),
      false
    )
  })
}

const replaced = (
  transforms: Transforms,
  ids: ReadonlyArray<EntityId>,
  by: (id: EntityId) => Transform
): Transforms => ({ ...transforms, ...Object.fromEntries(ids.map((id) => [id, by(id)])) })

export type RunRule = (record: object) => Promise<RuleAnswer>

/** One after the other: each has its time for itself, and other work has its turn between two. */
const answersTo = (rules: ReadonlyArray<RunRule>, record: CanonicalRecord) =>
  Effect.forEach(rules, (rule) =>
    Effect.andThen(
      Effect.yieldNow,
      Effect.promise(() => rule(record))
    )
  )

const entry = Symbol.for("jsonata.__evaluate_entry")
const exit = Symbol.for("jsonata.__evaluate_exit")

/** Never rejects; one record at a time. */
export const compileRule = (text: string, millis: number = limits.millis): RunRule => {
  const { stack, sequence } = limits
  const expression = jsonata(text, { stack, sequence })
  let [steps, work] = [0, 0]
  let before = process.threadCpuUsage()
  // Not by the clock on the wall: what a rule answers must not depend on who else is busy here.
  const lookAtTime = () => {
    if (process.threadCpuUsage(before).user / 1000 > millis) throw new Error(`takes more than ${millis} ms`)
  }
  const spend = (more: number) => {
    work += more
    if (work > limits.work) throw new Error(`works on more than ${limits.work} characters and elements`)
    if (more > lookAtWork) lookAtTime()
  }
  // Its types know names only; two of these are symbols.
  const bind = (name: string | symbol, value: object) => Reflect.apply(expression.assign, expression, [name, value])
  bind(entry, () => {
    if (++steps > limits.steps) throw new Error(`takes more than ${limits.steps} steps`)
    if (steps % lookEvery === 0) lookAtTime()
  })
  bind(exit, (part: { readonly value?: unknown }, _input: unknown, _environment: unknown, result: unknown) => {
    if (typeof result !== "string") return
    if (result.length > limits.text) throw new Error(tooLong(limits))
    if (part.value === "&") spend(result.length)
  })
  expression.registerFunction("pad", padded, "<s-n s?:s>")
  const ready = counted(spend, limits).then((functions) => {
    for (const [name, value] of functions) bind(name, value)
  })
  return (record) =>
    ready
      .then(() => {
        ;[steps, work] = [0, 0]
        before = process.threadCpuUsage()
        return expression.evaluate(record)
      })
      .then(answerOf)
      .catch(faultOf)
}

/** Steps between two looks at the time, and work of one function after which it is looked at too. */
const lookEvery = 16
const lookAtWork = 100_000

/** JSONata's own makes any length before anybody can look. */
const padded = (text: string, width: number, character?: string): string => {
  if (Math.abs(width) > limits.text) throw new Error(tooLong(limits))
  return width < 0 ? text.padStart(-width, character) : text.padEnd(width, character)
}

const answerOf = (answer: unknown): RuleAnswer => {
  if (answer === undefined || answer === null) return { value: null }
  const text = JSON.stringify(answer, noFunction)
  if (text.length > limits.text) return { fault: `gives more than ${limits.text} characters` }
  return { value: JSON.parse(text) as JsonValue }
}

/** JSONata's functions are objects of its own. */
const noFunction = (_key: string, value: unknown): unknown => {
  if (typeof value === "function" || (typeof value === "object" && value !== null && isFunction(value)))
    throw new Error("gives a function")
  return value
}

const faultOf = (fault: unknown): RuleAnswer => {
  const words = typeof fault === "object" && fault !== null && "message" in fault ? fault.message : fault
  return { fault: String(words).slice(0, 200).toWellFormed().replaceAll("\0", "") }
}
