// Definitions of user and organization fields. Values are kept as they were sent, whether defined or not.
import { isoSecond, nowSecond } from "../Clock.ts"
import { json, type Reply } from "../Reply.ts"
import { type Context, type Route, route, withBody } from "./Context.ts"
import { type Details, fault, Refused } from "./Errors.ts"
import type { PersonField, PersonFieldKind } from "./Model.ts"
import { flagOf, listOf, textOf } from "./Reading.ts"
import { written } from "./Written.ts"

const types = "text textarea checkbox date integer decimal regexp dropdown lookup multiselect".split(" ")

const of = ({ account }: Context, kind: PersonFieldKind): ReadonlyArray<PersonField> =>
  account.personFields.filter((field) => field.kind === kind)

const fieldRow = (host: string, field: PersonField, position: number): object => ({
  url: `https://${host}/api/v2/${field.kind}_fields/${field.id}.json`,
  id: field.id,
  type: field.type,
  key: field.key,
  title: field.title,
  raw_title: field.title,
  description: "",
  raw_description: "",
  position,
  active: field.active,
  system: false,
  regexp_for_validation: null,
  ...(field.options.length > 0 ? { custom_field_options: field.options } : {}),
  ...(field.target === null ? {} : { relationship_target_type: field.target }),
  created_at: field.createdAt,
  updated_at: field.createdAt
})

const readList =
  (kind: PersonFieldKind) =>
  (context: Context): Reply => {
    const rows = of(context, kind).map((field, position) => fieldRow(context.account.host, field, position))
    return json(200, { [`${kind}_fields`]: rows, next_page: null, previous_page: null, count: rows.length })
  }

const create =
  (kind: PersonFieldKind) =>
  (context: Context): Reply =>
    withBody(context, `${kind}_field`, (input) => {
      const { account } = context
      const details: Details = {}
      const key = textOf(input, "key") ?? ""
      const title = textOf(input, "title")?.trim() ?? ""
      const type = textOf(input, "type") ?? ""
      if (!/^[\w-]+$/.test(key)) fault(details, "key", "Key: is invalid", "InvalidFormat")
      if (of(context, kind).some((field) => field.key === key))
        fault(details, "key", `Key: ${key} has already been taken`, "DuplicateValue")
      if (title === "") fault(details, "title", "Title: cannot be blank", "BlankValue")
      if (!types.includes(type)) fault(details, "type", `Type: ${type} is not included in the list`, "InvalidValue")
      if (Object.keys(details).length > 0) throw new Refused(details)
      const field: PersonField = {
        id: account.nextId("field"),
        kind,
        key,
        type,
        title,
        active: flagOf(input, "active", true),
        options: listOf(input, "custom_field_options"),
        target: textOf(input, "relationship_target_type"),
        createdAt: isoSecond(nowSecond(account.clock))
      }
      account.personFields.push(field)
      written(context, `${kind}_field.create`, field.id, { key, type, title })
      return json(201, { [`${kind}_field`]: fieldRow(account.host, field, of(context, kind).length - 1) })
    })

export const personFieldRoutes: ReadonlyArray<Route> = (["user", "organization"] as const).flatMap((kind) => [
  route("GET", `${kind}_fields.list`, `${kind}_fields`, readList(kind)),
  route("POST", `${kind}_fields.create`, `${kind}_fields`, create(kind), true)
])
