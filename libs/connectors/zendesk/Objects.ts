// Custom objects: a type of things with its fields, and the things themselves. Source: Zendesk API, "Custom objects", "Custom
// object fields", "Custom object records". An object's key is its id for good; a record keeps the source key in `external_id`.
import { type Answer, type Call, type JsonObject, Malformed } from "@bridge/http/Call"
import type { Further, Lookup, Sink, SinkAnswer, Write } from "../Connector.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf, complaintOf, hintOf } from "./Answers.ts"
import {
  batchBytes,
  batchSize,
  externalId,
  get,
  hasKey,
  idsWhere,
  jobs,
  nextPage,
  patch,
  post,
  remove
} from "./Calls.ts"
import type { Config } from "./Config.ts"
import { readWrite } from "./Outcomes.ts"

const objects = "/api/v2/custom_objects"
export const objectPath = (key: string): string => `${objects}/${encodeURIComponent(key)}`

const keyOf = (write: Write): string => textOf(write.body.key) ?? ""

/** The definition of an object without its fields, and the field of tickets that leads to it: those are made afterwards. */
const definition = (write: Write): JsonObject => {
  const { fields: _later, ticket_field: _beside, ...object } = write.body
  return object
}

const readObject = (writes: ReadonlyArray<Write>, answer: Answer): SinkAnswer => {
  if (answer.status >= 200 && answer.status < 300) {
    const key = idOf(objectOf(bodyOf(answer).custom_object).key)
    if (key !== null) return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Created", destinationId: key })) }
  }
  return readWrite("custom_object", writes, answer)
}

/** An object is found by its key; one that is there is not changed, but gets the fields it lacks. */
const byObjectKey = {
  name: "custom object by key",
  call: (_config: Config, write: Write) => get("findCustomObject", objectPath(keyOf(write))),
  read: (write: Write, answer: Answer): ReadonlyArray<string> => {
    const key = idOf(objectOf(bodyOf(answer).custom_object).key)
    return key !== null && key === keyOf(write) ? [key] : []
  }
}

const fieldsOf = (write: Write): ReadonlyArray<JsonObject> => listOf(write.body.fields).map(objectOf)

const fields: Further<Config> = {
  field: "fields",
  ofMatched: true,
  of: (write) => fieldsOf(write).flatMap((field) => textOf(field.key) ?? []),
  list: (_config, _write, key) => get("listCustomObjectFields", `${objectPath(key)}/fields`),
  readList: (answer) => ({
    names: rowsIn(answer, "custom_object_fields").flatMap((field) => textOf(field.key) ?? []),
    next: nextPage("listCustomObjectFields")(answer)
  }),
  create: (_config, write, key, name) => {
    const field = fieldsOf(write).find((one) => textOf(one.key) === name) ?? {}
    return post("createCustomObjectField", `${objectPath(key)}/fields`, { custom_object_field: field })
  },
  readCreate: (answer) => refusalOf(answer)
}

const rowsIn = (answer: Answer, key: string): ReadonlyArray<JsonObject> => {
  const rows = bodyOf(answer)[key]
  if (!Array.isArray(rows)) throw new Malformed(`the answer holds no ${key}`)
  return rows.map(objectOf)
}

/** Null for a success; else the vendor's words. */
export const refusalOf = (answer: Answer): { code: string; message: string; hint: string } | null => {
  if (answer.status < 300) return null
  const { code, message } = complaintOf(answer)
  return { code, message, hint: hintOf(answer.status, code) }
}

export const customObjects: Sink<Config> = {
  entity: "asset-type",
  stream: "custom_objects",
  parts: [],
  batchSize: 1,
  batchBytes,
  naturalKeyOnly: true,
  further: fields,
  createOne: (_config, write) => post("createCustomObject", objects, { custom_object: definition(write) }),
  readAnswer: (_config, writes, answer) => readObject(writes, answer),
  lookup: [{ ...byObjectKey, strong: true, lagMillis: 0 }],
  match: [byObjectKey],
  readBack: { stream: "custom_objects", lagMillis: 0, sourceKey: () => null },
  remove: (_config, key) => remove("deleteCustomObject", objectPath(key))
}

/** Which object a record is of: not a part of the record itself. */
const objectOfRecord = (write: Write): string =>
  textOf(write.body.custom_object_key) ?? textOf(write.body.object_key) ?? ""

const recordBody = (write: Write): JsonObject => {
  const { custom_object_key: _key, object_key: _other, ...record } = write.body
  return write.sourceKey === "" ? record : { ...record, external_id: write.sourceKey }
}

const records = (write: Write): string => `${objectPath(objectOfRecord(write))}/records`

const byExternalId: Lookup<Config> = {
  name: "custom object record by external_id",
  strong: true,
  lagMillis: 0,
  // A server that does not know the filter gives all pages; each is looked through.
  call: (_config, write): Call =>
    get("findCustomObjectRecords", records(write), {
      "filter[external_ids]": write.sourceKey,
      "page[size]": "100"
    }),
  read: (write, answer) => idsWhere(answer, "custom_object_records", hasKey(write)),
  next: nextPage("findCustomObjectRecords")
}

/**
 * Bulk jobs know no plain create that is safe to repeat: create-or-update by source key is, and the key is ours alone, so
 * that nothing of anybody else's is changed.
 */
export const customObjectRecords = (entity: "asset" | "location" | "relation"): Sink<Config> => ({
  entity,
  stream: "custom_object_records",
  parts: [],
  batchSize,
  batchBytes,
  together: objectOfRecord,
  createMany: (_config, writes) =>
    post("createCustomObjectRecords", `${objectPath(writes[0] === undefined ? "" : objectOfRecord(writes[0]))}/jobs`, {
      job: { action: "create_or_update_by_external_id", items: writes.map(recordBody) }
    }),
  createOne: (_config, write) =>
    post("createCustomObjectRecord", records(write), { custom_object_record: recordBody(write) }),
  update: (_config, write) =>
    patch("updateCustomObjectRecord", `${records(write)}/${encodeURIComponent(write.destinationId ?? "")}`, {
      custom_object_record: recordBody(write)
    }),
  readAnswer: (_config, writes, answer) => readWrite("custom_object_record", writes, answer),
  ...jobs,
  lookup: [byExternalId],
  readBack: { stream: "custom_object_records", lagMillis: 0, sourceKey: externalId }
})
