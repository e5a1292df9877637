// Custom objects, their records and the identities of users as streams: read back by the audit and by hand, feeding no entity.
// Source: Zendesk API, "Custom objects", "Custom object records", "User identities".
import type { Answer, Call } from "@bridge/http/Call"
import { cutPage } from "@bridge/http/Rows"
import type { Cursor, Page, Stream } from "../Connector.ts"
import { rowsOf } from "../Cut.ts"
import type { Child } from "../Row.ts"
import { rowSchema } from "../RowSchema.ts"
import { objectOf, textsOf } from "../Values.ts"
import type { Config } from "./Config.ts"
import { listCall, nextOf } from "./Lists.ts"
import { objectPath } from "./Objects.ts"

const objectList = { operation: "listCustomObjects", path: "/api/v2/custom_objects" }

const objectSchema = rowSchema("Zendesk custom object", {
  key: "string",
  url: "string?",
  title: "string?",
  title_pluralized: "string?",
  raw_title: "string?",
  raw_title_pluralized: "string?",
  description: "string?",
  raw_description: "string?",
  created_at: "time?",
  updated_at: "time?"
})

const recordSchema = rowSchema("Zendesk custom object record", {
  id: "string",
  url: "string?",
  name: "string?",
  external_id: "string?",
  custom_object_key: "string?",
  custom_object_fields: "object?",
  created_by_user_id: "string?",
  updated_by_user_id: "string?",
  created_at: "time?",
  updated_at: "time?"
})

const identitySchema = rowSchema("Zendesk user identity", {
  id: "integer",
  url: "string?",
  user_id: "integer",
  type: "string",
  value: "string?",
  verified: "boolean?",
  primary: "boolean?",
  deliverable_state: "string?",
  undeliverable_count: "integer?",
  created_at: "time?",
  updated_at: "time?"
})

/** Objects have no id: their key is it. */
const objectRows = (answer: Answer) => {
  const cut = cutPage(answer.body, "custom_objects", ["key", "updated_at"])
  const named = cut.rows.map((row) => ({
    ...row,
    fields: { ...row.fields, ...(row.fields.key !== undefined && { id: row.fields.key }) }
  }))
  return { ...rowsOf(named, { stream: "custom_objects", versionKey: "updated_at" }), envelope: cut.envelope }
}

/** An account whose plan has no custom objects answers 403 or 404: it has none. */
const none = (): Page => ({ rows: [], next: null })

const shared = { entity: null, cursorField: null, deletions: "deleted ones vanish", normalise: () => [] } as const

export const customObjectStream: Stream<Config> = {
  ...shared,
  name: "custom_objects",
  primaryKey: ["key"],
  schema: objectSchema,
  start: () => ({}),
  page: (_config, cursor) => listCall(objectList, cursor),
  without: none,
  read: (_config, _cursor, answer) => {
    const { envelope, poison, rows } = objectRows(answer)
    return { rows, poison, next: nextOf(envelope) }
  }
}

/** First the keys of all objects, then the records of one object after another: `keys` are those still to be read. */
const place = (keys: ReadonlyArray<string>): Cursor | null =>
  keys[0] === undefined ? null : { keys: [...keys], records: {} }

const recordsCall = (key: string, cursor: Cursor): Call =>
  listCall({ operation: "listCustomObjectRecords", path: `${objectPath(key)}/records` }, cursor)

export const customObjectRecordStream: Stream<Config> = {
  ...shared,
  name: "custom_object_records",
  primaryKey: ["id"],
  schema: recordSchema,
  start: () => ({ objects: {}, keys: [] }),
  page: (_config, cursor) => {
    const [key] = textsOf(cursor.keys)
    return cursor.objects !== undefined || key === undefined
      ? listCall(objectList, objectOf(cursor.objects))
      : recordsCall(key, objectOf(cursor.records))
  },
  without: (cursor) =>
    cursor.objects === undefined ? { rows: [], next: place(textsOf(cursor.keys).slice(1)) } : none(),
  read: (_config, cursor, answer): Page => {
    const keys = textsOf(cursor.keys)
    if (cursor.objects !== undefined) {
      const { envelope, poison, rows } = objectRows(answer)
      const all = [...keys, ...rows.map((row) => row.sourceId)]
      const next = nextOf(envelope)
      return { rows: [], poison, next: next === null ? place(all) : { objects: next, keys: all } }
    }
    const cut = cutPage(answer.body, "custom_object_records", ["id", "updated_at"])
    const next = nextOf(cut.envelope)
    return {
      ...rowsOf(cut.rows, { stream: "custom_object_records", versionKey: "updated_at" }),
      next: next === null ? place(keys.slice(1)) : { keys, records: next }
    }
  }
}

const identitiesCall = (userId: string, cursor: Cursor): Call =>
  listCall({ operation: "listIdentities", path: `/api/v2/users/${encodeURIComponent(userId)}/identities` }, cursor)

/** The identities of one user, page by page. */
export const identitiesOf = (userId: string, cursor: Cursor = {}): Child => ({
  stream: "user_identities",
  call: identitiesCall(userId, cursor),
  read: (answer) => {
    const cut = cutPage(answer.body, "identities", ["id", "updated_at"])
    const next = nextOf(cut.envelope)
    return {
      ...rowsOf(cut.rows, { stream: "user_identities", versionKey: "updated_at", parentId: userId }),
      next: next === null ? null : identitiesOf(userId, next)
    }
  }
})

export const userIdentityStream = (users: Pick<Stream<Config>, "start" | "page" | "read">): Stream<Config> => ({
  ...shared,
  ...users,
  name: "user_identities",
  parent: "users",
  primaryKey: ["id"],
  schema: identitySchema
})
