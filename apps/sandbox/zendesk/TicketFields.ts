// Ticket fields as the API lists, makes and changes them.
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, json, type Reply } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route, withBody } from "./Context.ts"
import { isTarget } from "./CustomFields.ts"
import { type Details, fault, forbidden, Refused, recordNotFound } from "./Errors.ts"
import { type FieldOption, fieldRow, isSystemField, type TicketField } from "./Fields.ts"
import { list } from "./Paging.ts"
import { flagOf, type Input, listOf, objectOf, textOf } from "./Reading.ts"
import { written } from "./Written.ts"

const creatable =
  "text textarea checkbox date integer decimal regexp partialcreditcard multiselect tagger lookup".split(" ")

const readList = ({ account, call }: Context): Reply => {
  const byId = new Map(account.fields.map((field, position) => [field.id, fieldRow(account.host, field, position + 1)]))
  return list(call, {
    key: "ticket_fields",
    host: account.host,
    path: "ticket_fields",
    ids: [...byId.keys()].sort((a, b) => a - b),
    row: (id) => JSON.stringify(byId.get(id))
  })
}

const withField =
  (answer: (context: Context, field: TicketField, position: number) => Reply) =>
  (context: Context): Reply => {
    const position = context.account.fields.findIndex((known) => known.id === context.id)
    const field = context.account.fields[position]
    return field === undefined ? recordNotFound() : answer(context, field, position)
  }

const options = withField((_, field) => {
  const rows = field.options.map(({ name, value }, index) => ({
    id: field.id * 100 + index,
    name,
    raw_name: name,
    value,
    position: index
  }))
  return json(200, { custom_field_options: rows, next_page: null, previous_page: null, count: rows.length })
})

const readOptions = (input: Input, details: Details): ReadonlyArray<FieldOption> => {
  const read = listOf(input, "custom_field_options")
    .map(objectOf)
    .map((option) => ({ name: textOf(option, "name") ?? "", value: textOf(option, "value") ?? "" }))
  if (read.length === 0) fault(details, "custom_field_options", "Custom field options: cannot be blank", "BlankValue")
  if (read.some(({ name, value }) => name === "" || value === ""))
    fault(details, "custom_field_options", "Custom field options: name and value cannot be blank", "BlankValue")
  if (new Set(read.map(({ value }) => value)).size < read.length)
    fault(details, "custom_field_options", "Custom field options: value has already been taken", "DuplicateValue")
  return read
}

const record = (context: Context, kind: string, field: TicketField): void =>
  written(context, kind, field.id, {
    type: field.type,
    title: field.title,
    options: field.options,
    target: field.target ?? null
  })

const create = (context: Context): Reply =>
  withBody(context, "ticket_field", (input) => {
    const { account } = context
    const details: Details = {}
    const type = textOf(input, "type") ?? ""
    const title = textOf(input, "title")?.trim() ?? ""
    const target = textOf(input, "relationship_target_type")
    const pattern = textOf(input, "regexp_for_validation")
    if (!creatable.includes(type)) fault(details, "type", `Type: ${type} is not included in the list`, "InvalidValue")
    if (title === "") fault(details, "title", "Title: cannot be blank", "BlankValue")
    if (type === "lookup" && !isTarget(account, target))
      fault(details, "relationship_target_type", "Relationship target type: is invalid", "InvalidValue")
    if (type === "regexp" && pattern === null)
      fault(details, "regexp_for_validation", "Regexp for validation: cannot be blank", "BlankValue")
    const chosen = type === "tagger" || type === "multiselect"
    const read = chosen ? readOptions(input, details) : []
    if (Object.keys(details).length > 0) throw new Refused(details)
    const field: TicketField = {
      id: account.nextId("field"),
      type,
      title,
      options: read,
      required: flagOf(input, "required", false),
      ...(pattern !== null && { pattern }),
      ...(type === "lookup" && target !== null && { target }),
      createdAt: isoSecond(nowSecond(account.clock))
    }
    account.fields.push(field)
    account.version++
    record(context, "ticket_field.create", field)
    return json(
      201,
      { ticket_field: fieldRow(account.host, field, account.fields.length) },
      { location: `https://${account.host}/api/v2/ticket_fields/${field.id}.json` }
    )
  })

const replace = (account: ZendeskAccount, position: number, field: TicketField): void => {
  account.fields[position] = field
  account.version++
}

const update = withField((context, field, position) =>
  withBody(context, "ticket_field", (input) => {
    const details: Details = {}
    const read = "custom_field_options" in input ? readOptions(input, details) : field.options
    if (Object.keys(details).length > 0) throw new Refused(details)
    const changed: TicketField = {
      ...field,
      title: textOf(input, "title") ?? field.title,
      required: flagOf(input, "required", field.required),
      options: read
    }
    replace(context.account, position, changed)
    record(context, "ticket_field.update", changed)
    return json(200, { ticket_field: fieldRow(context.account.host, changed, position + 1) })
  })
)

/** One more option, or another name for one that is there. */
const addOption = withField((context, field, position) =>
  withBody(context, "custom_field_option", (input) => {
    const details: Details = {}
    const [option] = readOptions({ custom_field_options: [input] }, details)
    if (Object.keys(details).length > 0 || option === undefined) throw new Refused(details)
    const at = field.options.findIndex(({ value }) => value === option.value)
    const all = at < 0 ? [...field.options, option] : field.options.map((known, k) => (k === at ? option : known))
    replace(context.account, position, { ...field, options: all })
    record(context, "ticket_field.update", { ...field, options: all })
    return json(at < 0 ? 201 : 200, {
      custom_field_option: { id: field.id * 100 + (at < 0 ? all.length - 1 : at), ...option }
    })
  })
)

const remove = withField((context, field, position) => {
  if (isSystemField(field)) return forbidden()
  context.account.fields.splice(position, 1)
  context.account.version++
  record(context, "ticket_field.delete", field)
  return empty(204)
})

export const ticketFieldRoutes: ReadonlyArray<Route> = [
  route("GET", "ticket_fields.list", "ticket_fields", readList),
  route("POST", "ticket_fields.create", "ticket_fields", create, true),
  route(
    "GET",
    "ticket_fields.view",
    "ticket_fields/{id}",
    withField(({ account }, field, position) =>
      json(200, { ticket_field: fieldRow(account.host, field, position + 1) })
    )
  ),
  route("PUT", "ticket_fields.update", "ticket_fields/{id}", update, true),
  route("DELETE", "ticket_fields.delete", "ticket_fields/{id}", remove, true),
  route("GET", "ticket_fields.options", "ticket_fields/{id}/options", options),
  route("POST", "ticket_fields.add_option", "ticket_fields/{id}/options", addOption, true)
]
