// A mapping as functions: compiled once per job revision, then a canonical record becomes an element. Pure and total.
// For the refiner's shells and previews. What does not belong here: rules that need other records (link/).
import { hashJson } from "@bridge/domain/Canonical"
import type { Element } from "@bridge/domain/Element"
import { type EntityId, entityIds } from "@bridge/domain/Entities"
import type { EntityMapping, MadeField, Mapping } from "@bridge/domain/Mapping"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import { isConversation } from "@bridge/domain/Records"
import type { RuleAnswer } from "../rules/Answer.ts"
import { fileWriter } from "./Attached.ts"
import { customWriter } from "./Custom.ts"
import type { Draft, Writer } from "./Draft.ts"
import { fieldWriter } from "./Fields.ts"
import { linkFieldWriter, linksWriter } from "./Links.ts"
import { notesWriter } from "./Notes.ts"
import { personWriter } from "./People.ts"
import { reader } from "./Read.ts"
import { textWriter } from "./Texts.ts"
import { unreadWriter } from "./Unread.ts"

/** What became of a record. `excluded` says why it is left out; it has no element then. */
export interface Transformed {
  readonly element: Element | null
  readonly excluded: string | null
  readonly warnings: Draft["warnings"]
}

/** `answers`: what the entity's rules said of the record (rules/Rules.ts); needed only when there are any. */
export type Transform = (record: CanonicalRecord, answers?: ReadonlyArray<RuleAnswer>) => Transformed
export type Transforms = { readonly [E in EntityId]: Transform }

/** The hash that reviews, approvals and the loader know a record by. */
export const elementHash = (element: Element): string => hashJson(element)

export const compile = (mapping: Mapping): Transforms =>
  Object.fromEntries(entityIds.map((id) => [id, compileEntity(mapping, id)])) as Transforms

const compileEntity = (mapping: Mapping, id: EntityId): Transform => {
  const entity = mapping.entities[id]
  if (entity === undefined) return () => ({ element: null, excluded: `the mapping has no ${id}`, warnings: [] })
  const { leftOut, make } = entity
  if (id === "custom-field" && make !== undefined) return madeField(make, leftOut ?? "not one of those that are made")
  if (leftOut !== undefined) return () => ({ element: null, excluded: leftOut, warnings: [] })
  const writers = writersOf(mapping, id, entity)
  return (record, answers = none) => {
    const draft: Draft = { record, answers, body: {}, refs: {}, meta: {}, warnings: [] }
    for (const write of writers) {
      const excluded = write(draft)
      if (excluded !== null) return { element: null, excluded, warnings: draft.warnings }
    }
    return {
      element: { body: draft.body, refs: draft.refs, meta: draft.meta },
      excluded: null,
      warnings: draft.warnings
    }
  }
}

/** A definition is written as the mapping names it; none of the vendor's own words go along. */
const madeField = (make: ReadonlyArray<MadeField>, leftOut: string): Transform => {
  const bodies = new Map(make.map(({ body, nativeId, of }) => [`${of}/${nativeId}`, body]))
  return (record) => {
    const body = "for_entity" in record ? bodies.get(`${record.for_entity}/${record.native_id}`) : undefined
    return body === undefined
      ? { element: null, excluded: leftOut, warnings: [] }
      : { element: { body: body as Element["body"], refs: {}, meta: {} }, excluded: null, warnings: [] }
  }
}

const none: ReadonlyArray<RuleAnswer> = []

const writersOf = (mapping: Mapping, id: EntityId, entity: EntityMapping): ReadonlyArray<Writer> => {
  let rules = 0
  const nextRule = () => rules++
  return [
    ...entity.exclude.map(exclusion),
    ...entity.fields.map((rule) => fieldWriter(mapping.values, rule, nextRule)),
    ...(id === "person" ? [personWriter(mapping.options)] : []),
    ...(entity.text === undefined ? [] : [textWriter(entity.text, isConversation(id))]),
    ...(entity.notes === undefined ? [] : [notesWriter(entity.notes)]),
    ...(entity.file === undefined ? [] : [fileWriter(entity.file)]),
    ...(entity.custom === undefined || entity.custom.fields.length === 0 ? [] : [custom(entity.custom)]),
    ...(entity.custom === undefined ? [] : [unreadWriter(entity)]),
    ...(entity.links === undefined ? [] : [linksWriter(entity.links)]),
    ...(entity.linkField === undefined ? [] : [linkFieldWriter(entity.linkField)])
  ]
}

const exclusion = ({ reason, when }: EntityMapping["exclude"][number]): Writer => {
  const read = reader(when.field)
  const values = new Set<unknown>(when.in)
  return (draft) => (values.has(read(draft.record)) ? reason : null)
}

const custom = (mapping: NonNullable<EntityMapping["custom"]>): Writer => {
  const write = customWriter(mapping)
  return (draft) => {
    const result = write(draft.record, draft.warnings)
    if ("excluded" in result) return result.excluded
    if (result.value !== null) draft.body[mapping.into] = result.value
    for (const [at, nativeId] of result.made ?? [])
      draft.refs[`${mapping.into}.${at}.id`] = { entity: "custom-field", nativeId }
    for (const [key, nativeId] of result.keyed ?? [])
      draft.refs[`${mapping.into}.${key}`] = { entity: "custom-field", nativeId, gate: true }
    return null
  }
}
