// Fields of tickets, users and organizations that a migration makes, and their lists. A field keeps no source key: one of tickets is
// found by its title, others by their key. Source: Zendesk API, "Ticket fields", "User fields", "Organization fields". For administrators.
import type { Answer, JsonObject } from "@bridge/http/Call"
import type { Lookup, Sink, SinkAnswer, Stream, Write } from "../Connector.ts"
import { rowSchema } from "../RowSchema.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf } from "./Answers.ts"
import { batchBytes, get, idsWhere, nextPage, post } from "./Calls.ts"
import type { Config } from "./Config.ts"
import { cursorList } from "./Lists.ts"
import { readWrite } from "./Outcomes.ts"

/** Whose fields: the list in paths and answers, one of it, and the words in names of operations. */
interface Kind {
  readonly list: "ticket_fields" | "user_fields" | "organization_fields"
  readonly one: string
  readonly words: string
  /** Values of records go by the field's key, not by its id: the key is what it is known by. */
  readonly keyed: boolean
}

const tickets: Kind = { list: "ticket_fields", one: "ticket_field", words: "TicketField", keyed: false }
const users: Kind = { list: "user_fields", one: "user_field", words: "UserField", keyed: true }
const organizations: Kind = {
  list: "organization_fields",
  one: "organization_field",
  words: "OrganizationField",
  keyed: true
}
const kinds = [tickets, users, organizations]

const pathOf = ({ list }: Kind): string => `/api/v2/${list}`

const streamOf = (kind: Kind): Stream<Config> => ({
  name: kind.list,
  entity: null,
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: rowSchema(`Zendesk ${kind.one.replace("_", " ")}`, {
    id: "integer",
    type: "string",
    key: "string?",
    title: "string?",
    description: "string?",
    position: "integer?",
    active: "boolean?",
    required: "boolean?",
    removable: "boolean?",
    relationship_target_type: "string?",
    custom_field_options: "objects?",
    created_at: "time?",
    updated_at: "time?"
  }),
  ...cursorList({
    stream: kind.list,
    versionKey: "updated_at",
    operation: `list${kind.words}s`,
    path: pathOf(kind),
    key: kind.list
  }),
  normalise: () => []
})

export const fieldStreams: ReadonlyArray<Stream<Config>> = kinds.map(streamOf)

const sameText = (one: JsonObject, other: JsonObject, key: string): boolean =>
  textOf(one[key])?.trim().toLowerCase() === textOf(other[key])?.trim().toLowerCase()

/** A field of this name and another type, or that leads elsewhere, cannot hold the values: it is not the same one. */
const same =
  (kind: Kind, { body }: Write) =>
  (row: JsonObject): boolean =>
    sameText(row, body, kind.keyed ? "key" : "title") &&
    textOf(row.type) === textOf(body.type) &&
    (body.type !== "lookup" || textOf(row.relationship_target_type) === textOf(body.relationship_target_type))

const found = (kind: Kind, write: Write, answer: Answer): ReadonlyArray<string> =>
  kind.keyed
    ? listOf(bodyOf(answer)[kind.list])
        .map(objectOf)
        .filter(same(kind, write))
        .flatMap((row) => textOf(row.key) ?? [])
    : idsWhere(answer, kind.list, same(kind, write))

const readField = (kind: Kind, writes: ReadonlyArray<Write>, answer: Answer): SinkAnswer => {
  const key = kind.keyed && answer.status < 300 ? idOf(objectOf(bodyOf(answer)[kind.one]).key) : null
  if (key === null) return readWrite(kind.one, writes, answer)
  return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Created", destinationId: key })) }
}

/** `kindOf`: which list a field belongs to. */
const sinkOf = (stream: Kind["list"], kindOf: (write: Write | undefined) => Kind): Sink<Config> => {
  const byName: Lookup<Config> = {
    name: "field by its title or key",
    strong: true,
    lagMillis: 0,
    call: (_config, write) => {
      const kind = kindOf(write)
      return get(`list${kind.words}s`, pathOf(kind), { "page[size]": "100" })
    },
    read: (write, answer) => found(kindOf(write), write, answer),
    next: (answer) => {
      const kind = kinds.find(({ list }) => bodyOf(answer)[list] !== undefined) ?? tickets
      return nextPage(`list${kind.words}s`)(answer)
    }
  }
  return {
    entity: "custom-field",
    stream,
    parts: [],
    batchSize: 1,
    batchBytes,
    naturalKeyOnly: true,
    createOne: (_config, write) => {
      const kind = kindOf(write)
      const { external_id: _none, list: _where, ...field } = write.body
      return post(`create${kind.words}`, pathOf(kind), { [kind.one]: field })
    },
    readAnswer: (_config, writes, answer) => readField(kindOf(writes[0]), writes, answer),
    lookup: [byName],
    match: [byName],
    readBack: { stream, lagMillis: 0, sourceKey: () => null }
  }
}

/** Those a migration makes: `list` of a body says whose field it is, tickets' where it says nothing. */
export const fields: Sink<Config> = sinkOf(
  "ticket_fields",
  (write) => kinds.find(({ list }) => list === write?.body.list) ?? tickets
)

/** Written by hand under their own lists. */
export const keyedFields: ReadonlyArray<Sink<Config>> = [users, organizations].map((kind) =>
  sinkOf(kind.list, () => kind)
)
