// The fields of custom objects, within the limits of the object.

import { empty, json } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { type Route, route, withBody } from "./Context.ts"
import { keyForm, limitRow, now, objectUrl, one, withObject } from "./CustomObjects.ts"
import { type Details, fault, Refused, recordNotFound } from "./Errors.ts"
import type { CustomObject, ObjectField, ObjectOption } from "./ObjectModel.ts"
import { fieldLimit, lookupLimit } from "./Plans.ts"
import { flagOf, type Input, listOf, objectOf, textOf } from "./Reading.ts"
import { written } from "./Written.ts"

const fieldTypes = "text textarea checkbox date integer decimal regexp dropdown lookup multiselect".split(" ")

export const fieldRow = (
  account: ZendeskAccount,
  object: CustomObject,
  field: ObjectField,
  position: number
): object => ({
  url: `${objectUrl(account, object.key)}/fields/${field.id}.json`,
  id: field.id,
  type: field.type,
  key: field.key,
  title: field.title,
  raw_title: field.title,
  description: field.description,
  raw_description: field.description,
  position,
  active: field.active,
  system: false,
  required: field.required,
  regexp_for_validation: field.pattern,
  ...(field.type === "checkbox" ? { tag: field.tag } : {}),
  ...(field.type === "dropdown" || field.type === "multiselect"
    ? { custom_field_options: field.options.map((option) => ({ ...option, raw_name: option.name })) }
    : {}),
  ...(field.type === "lookup"
    ? { relationship_target_type: field.target, relationship_filter: { all: [], any: [] } }
    : {}),
  created_at: field.createdAt,
  updated_at: field.updatedAt
})

/** `name` and `external_id`, which every object has. */
const standardRows = (account: ZendeskAccount, object: CustomObject): ReadonlyArray<object> =>
  ["name", "external_id"].map((name, position) => ({
    url: `${objectUrl(account, object.key)}/fields/standard::${name}.json`,
    id: 360_012_000_000 + position,
    type: "text",
    key: `standard::${name}`,
    title: name === "name" ? "Name" : "External ID",
    position,
    active: true,
    system: true,
    required: name === "name" && !object.autonumbered,
    created_at: object.createdAt,
    updated_at: object.createdAt
  }))

const listFields = withObject(({ account, call }, object) => {
  const own = [...object.fields.values()].map((field, position) => fieldRow(account, object, field, position + 2))
  const rows = call.query.get("include_standard_fields") === "true" ? [...standardRows(account, object), ...own] : own
  return json(200, { custom_object_fields: rows, next_page: null, previous_page: null, count: rows.length })
})

/** By its key or its number. */
const fieldOf = (object: CustomObject, asked: string): ObjectField | undefined =>
  object.fields.get(asked) ?? [...object.fields.values()].find((field) => String(field.id) === asked)

const viewField = withObject(({ account, parts }, object) => {
  const field = fieldOf(object, parts[1] ?? "")
  return field === undefined
    ? recordNotFound()
    : json(200, {
        custom_object_field: fieldRow(account, object, field, [...object.fields.values()].indexOf(field) + 2)
      })
})

const readOptions = (account: ZendeskAccount, input: Input, details: Details): ReadonlyArray<ObjectOption> => {
  const options = listOf(input, "custom_field_options")
    .map(objectOf)
    .map((option) => ({
      id: account.nextId("option"),
      name: textOf(option, "name") ?? "",
      value: textOf(option, "value") ?? ""
    }))
  if (options.length === 0)
    fault(details, "custom_field_options", "Custom field options: cannot be blank", "BlankValue")
  if (options.some(({ name, value }) => name === "" || value === ""))
    fault(details, "custom_field_options", "Custom field options: name and value cannot be blank", "BlankValue")
  if (new Set(options.map(({ value }) => value)).size < options.length)
    fault(details, "custom_field_options", "Custom field options: value has already been taken", "DuplicateValue")
  return options
}

const createField = withObject((context, object) =>
  withBody(context, "custom_object_field", (input) => {
    const { account } = context
    const details: Details = {}
    const key = textOf(input, "key") ?? ""
    const title = textOf(input, "title")?.trim() ?? ""
    const type = textOf(input, "type") ?? ""
    const target = textOf(input, "relationship_target_type")
    if (key === "") fault(details, "key", "Key: cannot be blank", "BlankValue")
    else if (!keyForm.test(key)) fault(details, "key", `Key: ${key} is invalid`, "InvalidFormat")
    else if (object.fields.has(key)) fault(details, "key", `Key: ${key} is already taken`, "DuplicateValue")
    if (title === "") fault(details, "title", "Title: cannot be blank", "BlankValue")
    if (!fieldTypes.includes(type)) fault(details, "type", `Type: ${type} is not included in the list`, "InvalidValue")
    if (type === "lookup" && !isTarget(account, target))
      fault(details, "relationship_target_type", "Relationship target type: is invalid", "InvalidValue")
    if (type === "regexp" && textOf(input, "regexp_for_validation") === null)
      fault(details, "regexp_for_validation", "Regexp for validation: cannot be blank", "BlankValue")
    const chosen = type === "dropdown" || type === "multiselect"
    const options = chosen ? readOptions(account, input, details) : []
    const lookups = [...object.fields.values()].filter((field) => field.type === "lookup").length
    if (object.fields.size >= fieldLimit || (type === "lookup" && lookups >= lookupLimit(account.options.plan)))
      fault(details, "base", "Fields: the limit of the object is reached", "InvalidValue")
    if (Object.keys(details).length > 0) throw new Refused(details)
    const at = now(account)
    const field: ObjectField = {
      id: account.nextId("field"),
      key,
      type,
      title,
      description: textOf(input, "description") ?? "",
      active: flagOf(input, "active", true),
      required: flagOf(input, "required", false),
      pattern: textOf(input, "regexp_for_validation"),
      tag: textOf(input, "tag"),
      target: type === "lookup" ? target : null,
      options,
      createdAt: at,
      updatedAt: at
    }
    object.fields.set(key, field)
    written(context, "custom_object_field.create", field.id, { object: object.key, key, type, title })
    return json(
      201,
      { custom_object_field: fieldRow(account, object, field, object.fields.size + 1) },
      { location: `${objectUrl(account, object.key)}/fields/${field.id}.json` }
    )
  })
)

/** What a lookup may point at; an object must be there first. */
export const isTarget = (account: ZendeskAccount, target: string | null): boolean => {
  if (target === null) return false
  const key = /^zen:custom_object:(.+)$/.exec(target)?.[1]
  return key === undefined
    ? ["zen:user", "zen:organization", "zen:ticket"].includes(target)
    : account.customObjects.has(key)
}

const changeField = withObject((context, object) => {
  const field = fieldOf(object, context.parts[1] ?? "")
  if (field === undefined) return recordNotFound()
  return withBody(context, "custom_object_field", (input) => {
    const details: Details = {}
    const options = "custom_field_options" in input ? readOptions(context.account, input, details) : field.options
    if (Object.keys(details).length > 0) throw new Refused(details)
    field.title = textOf(input, "title") ?? field.title
    field.description = textOf(input, "description") ?? field.description
    field.active = flagOf(input, "active", field.active)
    field.required = flagOf(input, "required", field.required)
    field.options = options
    field.updatedAt = now(context.account)
    written(context, "custom_object_field.update", field.id, { object: object.key, key: field.key })
    return json(200, { custom_object_field: fieldRow(context.account, object, field, 2) })
  })
})

const removeField = withObject((context, object) => {
  const field = fieldOf(object, context.parts[1] ?? "")
  if (field === undefined) return recordNotFound()
  object.fields.delete(field.key)
  written(context, "custom_object_field.delete", field.id, { object: object.key, key: field.key })
  return empty(204)
})

export const customFieldRoutes: ReadonlyArray<Route> = [
  route(
    "GET",
    "custom_object_fields.limit",
    `${one}/limits/field_limit`,
    withObject((_, object) => limitRow(object.fields.size, fieldLimit))
  ),
  route("GET", "custom_object_fields.list", `${one}/fields`, listFields),
  route("POST", "custom_object_fields.create", `${one}/fields`, createField, true),
  route("GET", "custom_object_fields.view", `${one}/fields/([\\w:]+?)`, viewField),
  route("PATCH", "custom_object_fields.update", `${one}/fields/([\\w:]+?)`, changeField, true),
  route("DELETE", "custom_object_fields.delete", `${one}/fields/([\\w:]+?)`, removeField, true)
]
