// Custom fields that the destination does not have, as definitions to be made there and rules that fill them: of tickets, problems
// and changes (whose values go by the field's id), of people and departments (by its key). Pure. For CustomFields.ts.
// What does not belong here: fields that both sides have.
import type { EntityId } from "./Entities.ts"
import type { CustomField, CustomType, MadeField } from "./Mapping.ts"
import { type CommentParent, isConversation } from "./Records.ts"

/** Of these the destination can be given fields. */
export type Fielded = CommentParent | "person" | "department"
export const isFielded = (id: EntityId): id is Fielded => isConversation(id) || id === "person" || id === "department"

/** Where definitions that go by a key are made. Source: Zendesk API, "User fields", "Organization fields". */
const lists: { readonly [E in Fielded]?: string } = { person: "user_fields", department: "organization_fields" }

/** What a field becomes: Zendesk's type, and how values are converted. Source: Zendesk API, "Ticket fields". */
const types: { readonly [kind: string]: readonly [type: string, convert: CustomType] } = {
  paragraph: ["textarea", "text"],
  number: ["integer", "integer"],
  decimal: ["decimal", "decimal"],
  boolean: ["checkbox", "checkbox"],
  date: ["date", "date"],
  select: ["tagger", "option"],
  multi: ["multiselect", "options"]
}

/** Values of drop-downs are tags, and one tag belongs to one field only: the field's key stands before it. */
const tagOf = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .replaceAll(/^_+|_+$/gu, "")

/** A key of letters, digits and `_` that no field there has. */
const freeKey = (key: string, nativeId: string, taken: ReadonlySet<string>): string => {
  const plain = key
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/gu, "_")
    .replaceAll(/^[_\d]+|_+$/gu, "")
    .slice(0, 60)
  const base = plain === "" ? `field_${tagOf(nativeId)}` : plain
  let free = base
  for (let n = 2; taken.has(free); n++) free = `${base}_${n}`
  return free
}

interface Definition {
  readonly key: string
  readonly title: string
  readonly type: string
  readonly options?: ReadonlyArray<{ readonly value: string; readonly label: string }>
  readonly nativeId?: string
}

export interface NewField {
  readonly rule: CustomField
  readonly made: MadeField
}

/** Keys that fields have at the destination, and the one that an earlier migration has made for this definition. */
export interface Keys {
  readonly taken: ReadonlySet<string>
  readonly before: string | undefined
}

/** `kind`: as CustomFields.ts tells them; a drop-down whose values are not known takes any text. */
export const newField = (
  of: Fielded,
  definition: Definition,
  from: CustomField["from"],
  kind: string,
  foldLabel: (label: string) => string,
  keys: Keys
): NewField | null => {
  const { key, nativeId, title } = definition
  if (nativeId === undefined) return null
  const known = definition.options ?? []
  const wide = /paragraph|textarea/iu.test(definition.type) ? "paragraph" : kind
  const [type, convert] = (known.length === 0 && (wide === "select" || wide === "multi") ? undefined : types[wide]) ?? [
    "text",
    "text"
  ]
  const used = new Set<string>()
  const options = known.map(({ label, value }) => {
    const base = `${tagOf(key)}_${tagOf(label)}`.slice(0, 200)
    let tag = base
    for (let n = 2; used.has(tag); n++) tag = `${base}_${n}`
    used.add(tag)
    return { label, value, tag }
  })
  const chosen = convert === "option" || convert === "options"
  const list = lists[of]
  const own = list === undefined ? undefined : (keys.before ?? freeKey(key, nativeId, keys.taken))
  return {
    rule: {
      from,
      title,
      type: convert,
      ...(own === undefined ? { to: nativeId, made: true } : { to: own, definition: nativeId }),
      ...(chosen && {
        options: Object.fromEntries(
          options.flatMap(({ label, tag, value }) => [
            [foldLabel(value), tag],
            [foldLabel(label), tag]
          ])
        )
      })
    },
    made: {
      of,
      nativeId,
      title,
      body: {
        ...(own !== undefined && { list: list ?? "", key: own }),
        // A drop-down of people and organizations has a name of its own.
        type: own !== undefined && type === "tagger" ? "dropdown" : type,
        title,
        ...(chosen && { custom_field_options: options.map(({ label, tag }) => ({ name: label, value: tag })) })
      }
    }
  }
}

type Option = { readonly name: string; readonly value: string }

const optionsOf = ({ body }: MadeField): ReadonlyArray<Option> =>
  Array.isArray(body["custom_field_options"]) ? (body["custom_field_options"] as ReadonlyArray<Option>) : []

/**
 * The same field where one of this title and type is made already, for tickets and their like: with the values of both, each with
 * one tag. Null
 * where there is none.
 */
export const sharedField = (
  fresh: NewField,
  made: ReadonlyArray<MadeField>,
  fold: (name: string) => string,
  foldLabel: (label: string) => string
): NewField | null => {
  const there = made.find(
    ({ body, of, title }) =>
      isConversation(of) && fold(title) === fold(fresh.made.title) && body["type"] === fresh.made.body["type"]
  )
  if (there === undefined) return null
  const options = [...optionsOf(there)]
  const tags = new Map<string, string>()
  for (const { name, value } of optionsOf(fresh.made)) {
    const same = options.find((one) => foldLabel(one.name) === foldLabel(name))
    if (same !== undefined) tags.set(value, same.value)
    else {
      let tag = value
      for (let n = 2; options.some((one) => one.value === tag); n++) tag = `${value}_${n}`
      options.push({ name, value: tag })
      tags.set(value, tag)
    }
  }
  const { options: own, ...rule } = fresh.rule
  const named = own && Object.fromEntries(Object.entries(own).map(([label, tag]) => [label, tags.get(tag) ?? tag]))
  return {
    rule: { ...rule, to: there.nativeId, ...(named && { options: named }) },
    made: options.length === 0 ? there : { ...there, body: { ...there.body, custom_field_options: options } }
  }
}
