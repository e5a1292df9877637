// A mapping as plain data: how canonical records become the destination's shape. For api (edits, previews), refiner (runs it),
// loader (the stand-in person), review. What does not belong here: running it (libs/mapping/transform), defaults (mappings/).
import { Schema } from "effect"
import { hashJson } from "./Canonical.ts"
import { type EntityId, entityIds } from "./Entities.ts"
import { ruleFault } from "./Rules.ts"

const JsonScalar = Schema.Union([Schema.Null, Schema.Boolean, Schema.Finite, Schema.String])
type JsonScalar = typeof JsonScalar.Type
type Constant = JsonScalar | ReadonlyArray<Constant> | { readonly [key: string]: Constant }
/** A constant may be any JSON: the fields of a definition. */
const Constant: Schema.Codec<Constant> = Schema.Union([
  JsonScalar,
  Schema.Array(Schema.suspend(() => Constant)),
  Schema.Record(
    Schema.String,
    Schema.suspend(() => Constant)
  )
])
const Name = Schema.NonEmptyString
const optional = Schema.optionalKey

/** One step on a value, from a closed list. A step that cannot read its input gives null (and a warning where data is lost). */
export const Transformation = Schema.Union([
  /** Trimmed text; blank is null. Lists are joined by `with`. */
  Schema.Struct({ do: Schema.Literal("text") }),
  Schema.Struct({ do: Schema.Literal("join"), with: Schema.String }),
  Schema.Struct({ do: Schema.Literal("first") }),
  Schema.Struct({ do: Schema.Literal("lower") }),
  Schema.Struct({ do: Schema.Literal("prefix"), text: Schema.String }),
  /** Plain text as HTML. */
  Schema.Struct({ do: Schema.Literal("html") }),
  /** At most so many bytes of UTF-8, never inside a character, with a warning. */
  Schema.Struct({ do: Schema.Literal("truncate"), bytes: Schema.Int.check(Schema.isGreaterThan(0)) }),
  /** UTC to the second: `2024-05-10T11:32:29Z`. */
  Schema.Struct({ do: Schema.Literal("instant") }),
  Schema.Struct({ do: Schema.Literal("date") }),
  /** Lower case, blanks as `_`, no commas, no doubles. */
  Schema.Struct({ do: Schema.Literal("tags") }),
  Schema.Struct({ do: Schema.Literal("phone") }),
  Schema.Struct({ do: Schema.Literal("email") }),
  /** Addresses as identities: `[{type: "email", value}]`. */
  Schema.Struct({ do: Schema.Literal("identities") }),
  /** Lower case letters, digits and `_`, at most so many: the key of a definition. */
  Schema.Struct({ do: Schema.Literal("key"), length: Schema.Int.check(Schema.isGreaterThan(0)) }),
  /** An object as lines `name: value`, blank values left out. */
  Schema.Struct({ do: Schema.Literal("lines") }),
  Schema.Struct({ do: Schema.Literal("domains") })
])
export type Transformation = typeof Transformation.Type

/** True when the field has one of the values. */
export const Condition = Schema.Struct({ field: Name, in: Schema.Array(JsonScalar) })
export type Condition = typeof Condition.Type

/** Canonical field (`subject`, `custom.site_code`, or a computed one: `person_kind`); of several the first that is not blank. */
const From = Schema.Union([Name, Schema.Array(Name)])

/** JSONata over the canonical record, for what no step can say; what it may use stands in Rules.ts. */
export const Rule = Schema.NonEmptyString.check(Schema.makeFilter((text) => ruleFault(text) ?? true))

const part = {
  from: optional(From),
  constant: optional(Constant),
  rule: optional(Rule),
  /** Name of a value map in `values`. */
  map: optional(Name),
  transform: optional(Schema.Array(Transformation)),
  when: optional(Condition)
}
export const Part = Schema.Struct(part)
export type Part = typeof Part.Type

/** Where a reference has no record: the stand-in person, leave it out (with a warning), or exclude the record. */
export const MissingPolicy = Schema.Literals(["placeholder", "drop", "fail"])

export const Reference = Schema.Struct({
  entity: Schema.Literals(entityIds),
  missing: MissingPolicy,
  /** The person must be an agent at the destination. */
  agent: optional(Schema.Boolean),
  /** `name`: the body gets the record's name in place of its id, also of one that is itself left out. */
  as: optional(Schema.Literals(["id", "name"]))
})
export type Reference = typeof Reference.Type

/** How one field of the body gets its value: a constant, a canonical field, or several parts joined to one list. */
export const FieldRule = Schema.Struct({
  ...part,
  to: Name,
  concat: optional(Schema.Array(Part)),
  default: optional(JsonScalar),
  ref: optional(Reference),
  /** Without a value the record is excluded. */
  required: optional(Schema.Boolean)
})
export type FieldRule = typeof FieldRule.Type

/** A table of values. What is not in it: a value, the same again, or the record is excluded (`unmapped status 7`). */
export const ValueMap = Schema.Struct({
  title: Name,
  rows: Schema.Record(Schema.String, JsonScalar),
  fallback: Schema.Union([
    Schema.Struct({ use: Schema.Literal("default"), value: JsonScalar, warn: Schema.Boolean }),
    /** `warnOfIds`: the source's own id whose name is not in the table is kept too, and said (`value-kept`). */
    Schema.Struct({ use: Schema.Literal("keep"), warnOfIds: optional(Schema.Boolean) }),
    Schema.Struct({ use: Schema.Literal("reject") })
  ])
})
export type ValueMap = typeof ValueMap.Type

export const customTypes = ["text", "integer", "decimal", "checkbox", "date", "option", "options"] as const
export type CustomType = (typeof customTypes)[number]

/** One custom field. `from` is a canonical field, of a nested one all levels from the top; `options` by folded source label. */
export const CustomField = Schema.Struct({
  from: From,
  to: Name,
  title: Name,
  type: Schema.Literals(customTypes),
  options: optional(Schema.Record(Schema.String, Schema.String)),
  /** `to` is the source's own id of a definition that is made at the destination (`make` of custom-field). */
  made: optional(Schema.Boolean),
  /** `to` is the key of such a definition, which goes by its key: the source's own id of it. Where it is not made the value is left out. */
  definition: optional(Name)
})
export type CustomField = typeof CustomField.Type

/** A definition of a field that the destination does not have and is given, as it is written there. */
export const MadeField = Schema.Struct({
  of: Schema.Literals(entityIds),
  /** The source's own id of the definition. */
  nativeId: Name,
  title: Name,
  body: Schema.Record(Schema.String, Constant)
})
export type MadeField = typeof MadeField.Type

/** The long text: of a ticket its first comment, of a comment its body. */
export const TextRule = Schema.Struct({
  html: Schema.Array(Name),
  text: Schema.Array(Name),
  /** For a text that is blank: the destination refuses that. */
  fallback: Name,
  bytes: Schema.Int.check(Schema.isGreaterThan(63)),
  oversize: Schema.Literals(["split", "truncate"]),
  author: optional(Schema.Struct({ from: From, missing: MissingPolicy }))
})
export type TextRule = typeof TextRule.Type

/** A comment of its own after the first one, with what has no field at the destination. Left out when all of it is blank. */
export const NoteRule = Schema.Struct({
  title: Name,
  public: Schema.Boolean,
  lines: Schema.Array(Schema.Struct({ label: Schema.String, from: Name }))
})
export type NoteRule = typeof NoteRule.Type

/** Records that one names in a list: each stands in the field of its own kind, the first of a kind where there are several. */
export const LinkRule = Schema.Struct({ from: Name, entity: Schema.Literals(entityIds), into: Name })
export type LinkRule = typeof LinkRule.Type

/** The file of an attachment: over the limit only a line of text goes along. `{name}`, `{bytes}` and `{id}` are filled in. */
export const FileRule = Schema.Struct({
  bytes: Schema.Int.check(Schema.isGreaterThan(0)),
  note: Name
})
export type FileRule = typeof FileRule.Type

export const EntityMapping = Schema.Struct({
  /** The destination has no place for such records: all are excluded, with this reason. */
  leftOut: optional(Name),
  fields: Schema.Array(FieldRule),
  exclude: Schema.Array(Schema.Struct({ when: Condition, reason: Name })),
  text: optional(TextRule),
  notes: optional(Schema.Array(NoteRule)),
  links: optional(LinkRule),
  /** Where the body of a kind has the definition of the field that leads to its records: made before they are named there. */
  linkField: optional(Name),
  file: optional(FileRule),
  /** What of it nobody reads or writes: said when a migration is made, a sentence each. */
  notMoved: optional(Schema.Array(Name)),
  /** The object whose records these become, as it is written: made before the first of them, and never changed. */
  object: optional(Schema.Record(Schema.String, Constant)),
  /** Entities whose objects must be there as well, since fields point at them. */
  needs: optional(Schema.Array(Schema.Literals(entityIds))),
  /** Left out where no record of that entity refers to it, in a job that moves both. */
  onlyUsedBy: optional(Schema.Literals(entityIds)),
  /** Of custom-field: those that are made; all others are left out. */
  make: optional(Schema.Array(MadeField)),
  custom: optional(
    Schema.Struct({
      into: Name,
      as: Schema.Literals(["list", "object"]),
      fields: Schema.Array(CustomField),
      /** A drop-down value without a counterpart. */
      unmapped: Schema.Literals(["reject", "drop"]),
      /** Keys of fields that are not moved, as was said when the migration was made; absent: the source's fields are not known. */
      unmoved: optional(Schema.Array(Name))
    })
  )
})
export type EntityMapping = typeof EntityMapping.Type

export const MappingOptions = Schema.Struct({
  /** An inactive agent: an end user, or left out with the stand-in in its place. */
  inactiveAgents: Schema.Literals(["end-user", "placeholder"]),
  /** An agent that the destination has no seat for: an end user, the stand-in in its place, or a failure. Absent: end-user. */
  agentsOverSeats: optional(Schema.Literals(["end-user", "placeholder", "fail"])),
  /** A person without an address: written without one, with a made-up `@invalid` one, or left out. */
  withoutEmail: Schema.Literals(["keep", "synthetic", "exclude"]),
  /** Added to names that clash; `{id}` is the source id. */
  clashSuffix: Schema.String.check(Schema.isPattern(/\{id\}/u, { message: "must contain {id}" })),
  /** The assignee is not a member of the group. */
  assigneeOutsideGroup: Schema.Literals(["drop-assignee", "drop-group", "keep", "add-member"]),
  /** The requester does not belong to the organization. */
  organizationOfAnother: Schema.Literals(["drop", "keep", "add-member"]),
  /** The stand-in for people who are gone. */
  placeholder: Schema.Struct({ name: Name, email: Name })
})
export type MappingOptions = typeof MappingOptions.Type

const entityMappings = Object.fromEntries(entityIds.map((id) => [id, optional(EntityMapping)])) as {
  readonly [E in EntityId]: Schema.optionalKey<typeof EntityMapping>
}

export const Mapping = Schema.Struct({
  format: Schema.Literal(1),
  name: Name,
  source: Name,
  destination: Name,
  entities: Schema.Struct(entityMappings),
  values: Schema.Record(Schema.String, ValueMap),
  options: MappingOptions
})
export type Mapping = typeof Mapping.Type

/** Where the body refers to what a canonical field names; null where the mapping does not move it. */
export const pathFrom = (entity: EntityMapping | undefined, field: string): string | null =>
  entity?.fields.find(
    ({ from, ref }) => ref !== undefined && (typeof from === "string" ? from === field : from?.includes(field))
  )?.to ?? null

/** The source id of such a field in the ledger, where it is a custom-field; settling (SQL) puts the same before a kind's id. */
export const linkFieldStart = "$link/"

/** Where kinds of assets define the fields that lead to them, for a job of these entities; null where none is needed. */
export const linkFieldOf = ({ entities }: Pick<Mapping, "entities">, moved: ReadonlyArray<EntityId>): string | null => {
  const named = moved.some((id) => {
    const links = entities[id]?.links
    return links !== undefined && moved.includes(links.entity)
  })
  return named ? (entities["asset-type"]?.linkField ?? null) : null
}

export interface MappedObject {
  readonly entity: EntityId
  readonly body: NonNullable<EntityMapping["object"]>
}

/** Objects that must be there before records of an entity, those that others point at first. */
export const objectsBefore = ({ entities }: Pick<Mapping, "entities">, id: EntityId): ReadonlyArray<MappedObject> =>
  [...(entities[id]?.needs ?? []), id].flatMap((entity) => {
    const body = entities[entity]?.object
    return body === undefined ? [] : [{ entity, body }]
  })

/** The same mapping gives the same hash, however its keys are ordered. */
export const mappingHash = (mapping: Mapping): string => hashJson(mapping)
