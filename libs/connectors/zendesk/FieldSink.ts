// Ticket fields that a migration makes, and their list. A field keeps no source key; its title is what it is found by.
// Source: Zendesk API, "Ticket fields". Only administrators make them.
import type { JsonObject } from "@bridge/http/Call"
import type { Match, Sink, Stream, Write } from "../Connector.ts"
import { rowSchema } from "../RowSchema.ts"
import { textOf } from "../Values.ts"
import { batchBytes, get, idsWhere, nextPage, post, remove } from "./Calls.ts"
import type { Config } from "./Config.ts"
import { cursorList } from "./Lists.ts"
import { readWrite } from "./Outcomes.ts"

const path = "/api/v2/ticket_fields"

export const ticketFieldStream: Stream<Config> = {
  name: "ticket_fields",
  entity: null,
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: rowSchema("Zendesk ticket field", {
    id: "integer",
    type: "string",
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
    stream: "ticket_fields",
    versionKey: "updated_at",
    operation: "listTicketFields",
    path,
    key: "ticket_fields"
  }),
  normalise: () => []
}

/** A field of this title and another type, or that leads elsewhere, cannot hold the values: it is not the same one. */
const same =
  ({ body }: Write) =>
  (row: JsonObject): boolean =>
    textOf(row.title)?.trim().toLowerCase() === textOf(body.title)?.trim().toLowerCase() &&
    textOf(row.type) === textOf(body.type) &&
    (body.type !== "lookup" || textOf(row.relationship_target_type) === textOf(body.relationship_target_type))

const byTitle = {
  name: "ticket field by title",
  call: () => get("listTicketFields", path, { "page[size]": "100" }),
  read: (write, answer) => idsWhere(answer, "ticket_fields", same(write)),
  next: nextPage("listTicketFields")
} satisfies Match<Config>

export const ticketFields: Sink<Config> = {
  entity: "custom-field",
  stream: "ticket_fields",
  parts: [],
  batchSize: 1,
  batchBytes,
  naturalKeyOnly: true,
  createOne: (_config, { body }) => {
    const { external_id: _none, ...field } = body
    return post("createTicketField", path, { ticket_field: field })
  },
  readAnswer: (_config, writes, answer) => readWrite("ticket_field", writes, answer),
  lookup: [{ ...byTitle, strong: true, lagMillis: 0 }],
  match: [byTitle],
  readBack: { stream: "ticket_fields", lagMillis: 0, sourceKey: () => null },
  remove: (_config, id) => remove("deleteTicketField", `${path}/${id}`)
}
