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

/** Of one rule over one record. */
export const limits = {
  /** Milliseconds of its own time, many times what the steps take: only for what no count sees. */
  millis: 500,
  stack: 100,
  sequence: 10_000,
  steps: 20_000,
  /** Characters of a text on the way, and of the answer as JSON. */
  text: 65_536
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

/** One after the other: each has its time for itself, and other work has its turn between two records. */
const answersTo = (rules: ReadonlyArray<RunRule>, record: CanonicalRecord) =>
  Effect.andThen(
    Effect.yieldNow,
    Effect.forEach(rules, (rule) => Effect.promise(() => rule(record)))
  )

const entry = Symbol.for("jsonata.__evaluate_entry")
const exit = Symbol.for("jsonata.__evaluate_exit")

/** Never rejects; one record at a time. */
export const compileRule = (text: string, millis: number = limits.millis): RunRule => {
  const { stack, sequence } = limits
  const expression = jsonata(text, { stack, sequence })
  let steps = 0
  let before = process.threadCpuUsage()
  // Its types know names only; these two are symbols.
  const bind = (name: symbol, value: object) => Reflect.apply(expression.assign, expression, [name, value])
  bind(entry, () => {
    if (++steps > limits.steps) throw new Error(`takes more than ${limits.steps} steps`)
    // Not by the clock on the wall: what a rule answers must not depend on who else is busy here.
    if (steps % lookEvery === 0 && process.threadCpuUsage(before).user / 1000 > millis)
      throw new Error(`takes more than ${millis} ms`)
  })
  bind(exit, (_part: unknown, _input: unknown, _environment: unknown, result: unknown) => {
    if (typeof result === "string" && result.length > limits.text) throw new Error(tooLong)
  })
  expression.registerFunction("pad", padded, "<s-n s?:s>")
  return (record) => {
    steps = 0
    before = process.threadCpuUsage()
    return expression.evaluate(record).then(answerOf).catch(faultOf)
  }
}

/** Steps between two looks at the time. */
const lookEvery = 16

const tooLong = `makes a text of more than ${limits.text} characters`

/** JSONata's own makes any length before anybody can look. */
const padded = (text: string, width: number, character?: string): string => {
  if (Math.abs(width) > limits.text) throw new Error(tooLong)
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
const isFunction = (value: object): boolean => "_jsonata_lambda" in value || "_jsonata_function" in value

const faultOf = (fault: unknown): RuleAnswer => {
  const words = typeof fault === "object" && fault !== null && "message" in fault ? fault.message : fault
  return { fault: String(words).slice(0, 200).toWellFormed().replaceAll("\0", "") }
}
