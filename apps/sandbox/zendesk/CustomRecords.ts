// Records of custom objects, one by one: by their id, by external id, by name.
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, json, type Reply } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route, withBody } from "./Context.ts"
import { one, withObject } from "./CustomObjects.ts"
import { byId, readValues, recordId } from "./CustomValues.ts"
import { badRequest, type Details, fault, Refused, recordNotFound } from "./Errors.ts"
import type { CustomObject, ObjectRecord } from "./ObjectModel.ts"
import { cursorList } from "./Paging.ts"
import { given, type Input, textOf } from "./Reading.ts"
import { written } from "./Written.ts"

export const recordRow = (account: ZendeskAccount, object: CustomObject, record: ObjectRecord): object => ({
  url: `https://${account.host}/api/v2/custom_objects/${object.key}/records/${record.id}.json`,
  id: record.id,
  name: record.name,
  custom_object_key: object.key,
  // Every field is told, filled or not.
  custom_object_fields: Object.fromEntries([...object.fields.keys()].map((key) => [key, record.fields[key] ?? null])),
  external_id: record.externalId,
  created_by_user_id: String(record.createdBy),
  updated_by_user_id: String(record.updatedBy),
  created_at: record.createdAt,
  updated_at: record.updatedAt,
  photo: null
})

export type Write = { readonly context: Context; readonly object: CustomObject; readonly job: string | null }

/** A new record, or the same one changed; everything that is wrong with it is thrown. */
export const keep = ({ context, object, job }: Write, known: ObjectRecord | undefined, input: Input): ObjectRecord => {
  const { account, caller } = context
  const details: Details = {}
  const externalId = "external_id" in input ? textOf(input, "external_id") : (known?.externalId ?? null)
  const other = externalId === null ? undefined : object.byExternalId.get(externalId)
  if (other !== undefined && other !== known)
    fault(details, "external_id", `External id: ${externalId} has already been taken`, "DuplicateValue")
  const serial = known?.serial ?? 0
  const name = textOf(input, "name")?.trim() ?? known?.name ?? ""
  if (name === "" && !object.autonumbered) fault(details, "name", "Name: cannot be blank", "BlankValue")
  if (object.autonumbered && given(input, "name"))
    fault(details, "name", "Name: is given by the account", "InvalidValue")
  const fields = readValues(account, object, input, known?.fields ?? {}, details)
  if (Object.keys(details).length > 0) throw new Refused(details)
  const at = isoSecond(nowSecond(account.clock))
  const number = known === undefined ? account.nextId("record") : serial
  const record: ObjectRecord = known ?? {
    serial: number,
    id: recordId(number),
    name,
    externalId: null,
    fields: {},
    createdAt: at,
    updatedAt: at,
    createdBy: caller.id,
    updatedBy: caller.id
  }
  record.name = object.autonumbered && known === undefined ? String(object.records.size + 1) : name
  if (record.externalId !== null) object.byExternalId.delete(record.externalId)
  record.externalId = externalId
  if (externalId !== null) object.byExternalId.set(externalId, record)
  record.fields = fields
  record.updatedAt = at
  record.updatedBy = caller.id
  object.records.set(record.serial, record)
  told(
    context,
    known === undefined ? "custom_object_record.create" : "custom_object_record.update",
    object,
    record,
    job
  )
  return record
}

const told = (context: Context, kind: string, object: CustomObject, record: ObjectRecord, job: string | null): void =>
  written(
    context,
    kind,
    record.id,
    { object: object.key, name: record.name, custom_object_fields: record.fields },
    { externalId: record.externalId, job }
  )

const shown = (context: Context, object: CustomObject, record: ObjectRecord, status = 200): Reply =>
  json(status, { custom_object_record: recordRow(context.account, object, record) })

const create = withObject((context, object) =>
  withBody(context, "custom_object_record", (input) =>
    shown(context, object, keep({ context, object, job: null }, undefined, input), 201)
  )
)

export const drop = (context: Context, object: CustomObject, record: ObjectRecord, job: string | null): void => {
  object.records.delete(record.serial)
  if (record.externalId !== null) object.byExternalId.delete(record.externalId)
  told(context, "custom_object_record.delete", object, record, job)
}

export const named = (object: CustomObject, name: string): ObjectRecord | undefined => {
  for (const record of object.records.values()) if (record.name === name) return record
  return undefined
}

/** The record the query names, by one of its two keys. */
const asked = (
  context: Context,
  object: CustomObject
): { readonly key: Input; readonly known: ObjectRecord | undefined } | null => {
  const { query } = context.call
  const externalId = query.get("external_id")
  if (externalId !== null) return { key: { external_id: externalId }, known: object.byExternalId.get(externalId) }
  const name = query.get("name")
  return name === null ? null : { key: { name }, known: named(object, name) }
}

const upsert = withObject((context, object) => {
  const found = asked(context, object)
  if (found === null) return badRequest("external_id or name is required")
  return withBody(context, "custom_object_record", (input) =>
    shown(context, object, keep({ context, object, job: null }, found.known, { ...input, ...found.key }))
  )
})

const removeAsked = withObject((context, object) => {
  const known = asked(context, object)?.known
  if (known === undefined) return recordNotFound()
  drop(context, object, known, null)
  return empty(204)
})

const withRecord = (answer: (context: Context, object: CustomObject, record: ObjectRecord) => Reply) =>
  withObject((context, object) => {
    const record = byId(object, context.parts[1] ?? "")
    return record === undefined ? recordNotFound() : answer(context, object, record)
  })

const list = withObject((context, object) => {
  const { account, call } = context
  const ids = call.query.get("filter[ids]")?.split(",")
  const external = call.query.get("filter[external_ids]")?.split(",")
  const found =
    ids !== undefined
      ? [...object.records.values()].filter((record) => ids.includes(record.id))
      : external !== undefined
        ? [...object.records.values()].filter((record) => external.includes(record.externalId ?? ""))
        : [...object.records.values()]
  return cursorList(call, {
    key: "custom_object_records",
    host: account.host,
    path: `custom_objects/${object.key}/records`,
    ids: found.map((record) => record.serial),
    row: (serial) => JSON.stringify(recordRow(account, object, object.records.get(serial) as ObjectRecord)),
    beside: () => `,"count":${found.length}`
  })
})

const search = withObject((context, object) => {
  const { account, call } = context
  const words = (call.query.get("query") ?? "").toLowerCase()
  const found = [...object.records.values()].filter(
    (record) => record.name.toLowerCase().includes(words) || record.externalId === words
  )
  return cursorList(call, {
    key: "custom_object_records",
    host: account.host,
    path: `custom_objects/${object.key}/records/search`,
    ids: found.map((record) => record.serial),
    row: (serial) => JSON.stringify(recordRow(account, object, object.records.get(serial) as ObjectRecord))
  })
})

const records = `${one}/records`

export const customRecordRoutes: ReadonlyArray<Route> = [
  route("GET", "custom_object_records.list", records, list),
  route("POST", "custom_object_records.create", records, create),
  route("PATCH", "custom_object_records.upsert", records, upsert),
  route("DELETE", "custom_object_records.delete_by", records, removeAsked),
  route(
    "GET",
    "custom_object_records.count",
    `${records}/count`,
    withObject(({ account }, object) =>
      json(200, { count: { value: object.records.size, refreshed_at: isoSecond(nowSecond(account.clock)) } })
    )
  ),
  route("GET", "custom_object_records.search", `${records}/search`, search),
  route("GET", "custom_object_records.view", `${records}/(\\w+)`, withRecord(shown)),
  route(
    "PATCH",
    "custom_object_records.update",
    `${records}/(\\w+)`,
    withRecord((context, object, record) =>
      withBody(context, "custom_object_record", (input) =>
        shown(context, object, keep({ context, object, job: null }, record, input))
      )
    )
  ),
  route(
    "DELETE",
    "custom_object_records.delete",
    `${records}/(\\w+)`,
    withRecord((context, object, record) => {
      drop(context, object, record, null)
      return empty(204)
    })
  )
]
