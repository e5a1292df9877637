// From unknown JSON to a mapping, or to what is wrong with it in words. For the api (before it stores one) and the refiner.
// What does not belong here: the shape itself (Mapping.ts).
import { Result, Schema, SchemaIssue } from "effect"
import type { EntityId } from "./Entities.ts"
import { type EntityMapping, type FieldRule, Mapping, type Part } from "./Mapping.ts"
import { recordFields } from "./RecordFields.ts"

/** Where, what is wrong, and what to do. */
export interface MappingProblem {
  readonly path: string
  readonly what: string
  readonly action: string
}

const decode = Schema.decodeUnknownResult(Mapping, { errors: "all", onExcessProperty: "error" })
const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Fields the refiner computes beside the canonical ones. */
export const computedFields: { readonly [E in EntityId]?: ReadonlyArray<string> } = { person: ["person_kind"] }

/** The mapping, or every problem it has (never only the first). */
export const decodeMapping = (
  json: unknown
): Result.Result<Mapping, readonly [MappingProblem, ...ReadonlyArray<MappingProblem>]> => {
  const decoded = decode(json)
  const problems = Result.isFailure(decoded) ? shapeProblems(decoded.failure) : problemsOf(decoded.success)
  const [first, ...rest] = problems
  if (first !== undefined) return Result.fail([first, ...rest])
  return Result.isSuccess(decoded) ? Result.succeed(decoded.success) : Result.fail([unreadable])
}

/** One sentence for logs and errors. */
export const describeProblems = (problems: ReadonlyArray<MappingProblem>): string =>
  problems.map((p) => `${p.path}: ${p.what}; ${p.action}`).join(". ")

const unreadable: MappingProblem = { path: "$", what: "is not a mapping", action: "start from the default mapping" }

const shapeProblems = (error: Schema.SchemaError): ReadonlyArray<MappingProblem> =>
  format(error.issue).issues.map((issue) => ({
    path: pathText(issue.path ?? []),
    what: issue.message,
    action: "change this value to one of the allowed ones, or take the default mapping's"
  }))

const pathText = (path: ReadonlyArray<unknown>): string =>
  path.reduce<string>((text, step) => {
    const key = typeof step === "object" && step !== null && "key" in step ? step.key : step
    return typeof key === "number" ? `${text}[${key}]` : `${text}.${String(key)}`
  }, "$")

/** What the shape cannot say: names that lead nowhere, targets written twice. */
const problemsOf = (mapping: Mapping): ReadonlyArray<MappingProblem> =>
  Object.entries(mapping.entities).flatMap(([id, entity]) =>
    entity === undefined ? [] : entityProblems(mapping, id as EntityId, entity)
  )

const entityProblems = (mapping: Mapping, id: EntityId, entity: EntityMapping): ReadonlyArray<MappingProblem> => {
  const at = `$.entities.${id}`
  const known = new Set<string>([...Object.keys(recordFields[id]), ...(computedFields[id] ?? [])])
  const field = (name: string, path: string): ReadonlyArray<MappingProblem> =>
    known.has(name) || name.startsWith("custom.")
      ? []
      : [{ path, what: `${id} has no field ${name}`, action: `use one of ${[...known].join(", ")} or custom.<key>` }]
  const partProblems = (part: Part, path: string): ReadonlyArray<MappingProblem> => [
    ...names(part.from).flatMap((name) => field(name, `${path}.from`)),
    ...(part.when === undefined ? [] : field(part.when.field, `${path}.when.field`)),
    ...(part.map === undefined || Object.hasOwn(mapping.values, part.map)
      ? []
      : [{ path: `${path}.map`, what: `there is no value map ${part.map}`, action: "add it under values" }])
  ]
  return [
    ...entity.fields.flatMap((rule, i) => [
      ...partProblems(rule, `${at}.fields[${i}]`),
      ...(rule.concat ?? []).flatMap((part, k) => partProblems(part, `${at}.fields[${i}].concat[${k}]`)),
      ...ruleProblems(rule, `${at}.fields[${i}]`)
    ]),
    ...entity.exclude.flatMap((rule, i) => field(rule.when.field, `${at}.exclude[${i}].when.field`)),
    ...(entity.text === undefined
      ? []
      : [...entity.text.html, ...entity.text.text, ...names(entity.text.author?.from)].flatMap((name) =>
          field(name, `${at}.text`)
        )),
    ...(entity.notes ?? []).flatMap((note, i) =>
      note.lines.flatMap((line, k) => field(line.from, `${at}.notes[${i}].lines[${k}].from`))
    ),
    ...(entity.links === undefined ? [] : field(entity.links.from, `${at}.links.from`)),
    ...(entity.linkField === undefined || entity.fields.some(({ to }) => to.startsWith(`${entity.linkField}.`))
      ? []
      : [
          {
            path: `${at}.linkField`,
            what: `no rule writes into ${entity.linkField}`,
            action: "define the field there, or take linkField out"
          }
        ]),
    ...doubles(
      entity.fields.map((rule) => rule.to),
      `${at}.fields`
    ),
    ...(entity.custom?.fields ?? []).flatMap((custom, i) =>
      names(custom.from).flatMap((name) => field(name, `${at}.custom.fields[${i}].from`))
    ),
    ...doubles(entity.custom?.fields.map((custom) => custom.to) ?? [], `${at}.custom.fields`),
    ...(entity.onlyUsedBy !== undefined &&
    mapping.entities[entity.onlyUsedBy]?.fields.some(({ ref }) => ref?.entity === id) !== true
      ? [
          {
            path: `${at}.onlyUsedBy`,
            what: `no field of ${entity.onlyUsedBy} refers to ${id}`,
            action: "take it out, or give that a field with ref"
          }
        ]
      : []),
    ...(entity.needs ?? []).flatMap((needed, i) =>
      mapping.entities[needed]?.object === undefined
        ? [
            {
              path: `${at}.needs[${i}]`,
              what: `${needed} has no object`,
              action: "give it one, or take it out of needs"
            }
          ]
        : []
    )
  ]
}

const names = (from: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  from === undefined ? [] : typeof from === "string" ? [from] : from

const ruleProblems = (rule: FieldRule, path: string): ReadonlyArray<MappingProblem> => {
  const sources = [rule.from, rule.constant, rule.rule, rule.concat].filter((source) => source !== undefined).length
  return sources === 1 || (sources === 0 && rule.default !== undefined)
    ? []
    : [{ path, what: `${rule.to} has ${sources} sources`, action: "give exactly one of from, constant, rule, concat" }]
}

const doubles = (targets: ReadonlyArray<string>, path: string): ReadonlyArray<MappingProblem> =>
  [...new Set(targets.filter((to, i) => targets.indexOf(to) !== i))].map((to) => ({
    path,
    what: `${to} is written twice`,
    action: "keep one of the rules"
  }))
