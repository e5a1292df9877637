// Further addresses of a person: identities of a user. Source: Zendesk API, "User identities". No mail goes out.
import { type Answer, type JsonObject, Malformed } from "@bridge/http/Call"
import type { Further, Sink, Write } from "../Connector.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf } from "./Answers.ts"
import { batchBytes, get, idsWhere, nextPage, post } from "./Calls.ts"
import type { Config } from "./Config.ts"
import { refusalOf } from "./Objects.ts"
import { readWrite } from "./Outcomes.ts"

export const identityPath = (userId: string): string => `/api/v2/users/${encodeURIComponent(userId)}/identities`

const nameOf = (identity: JsonObject): string => {
  const value = textOf(identity.value)?.trim().toLowerCase() ?? ""
  return `${textOf(identity.type) ?? "email"} ${value}`
}

const given = (write: Write): ReadonlyArray<JsonObject> => listOf(write.body.identities).map(objectOf)

const bodyFor = (identity: JsonObject): JsonObject => ({
  identity: { type: "email", verified: true, skip_verify_email: true, ...identity }
})

/** Of a user's write: `identities: [{type, value}]`, made when the user is there. */
export const identities: Further<Config> = {
  field: "identities",
  ofMatched: false,
  of: (write) => given(write).map(nameOf),
  list: (_config, _write, userId) => get("listIdentities", identityPath(userId), { "page[size]": "100" }),
  readList: (answer) => {
    const rows = bodyOf(answer).identities
    if (!Array.isArray(rows)) throw new Malformed("the answer holds no identities")
    return { names: rows.map(objectOf).map(nameOf), next: nextPage("listIdentities")(answer) }
  },
  create: (_config, write, userId, name) =>
    post("createIdentity", identityPath(userId), bodyFor(given(write).find((one) => nameOf(one) === name) ?? {})),
  readCreate: refusalOf
}

const sameIdentity = (write: Write) => (row: JsonObject) => nameOf(row) === nameOf(write.body)

const ofUser = {
  name: "identities of the user",
  call: (_config: Config, { body }: Write) =>
    get("listIdentities", identityPath(idOf(body.user_id) ?? "0"), { "page[size]": "100" }),
  read: (write: Write, answer: Answer) => idsWhere(answer, "identities", sameIdentity(write)),
  next: nextPage("listIdentities")
}

/** `bridge connector write --stream user_identities`: `{user_id, type, value}`. */
export const userIdentities: Sink<Config> = {
  entity: "person",
  stream: "user_identities",
  parts: [],
  batchSize: 1,
  batchBytes,
  naturalKeyOnly: true,
  createOne: (_config, { body }) => {
    const { external_id: _none, user_id, ...identity } = body
    return post("createIdentity", identityPath(idOf(user_id) ?? "0"), bodyFor(identity))
  },
  readAnswer: (_config, writes, answer) => readWrite("identity", writes, answer),
  lookup: [{ ...ofUser, strong: true, lagMillis: 0 }],
  match: [ofUser],
  readBack: { stream: "user_identities", lagMillis: 0, sourceKey: () => null }
}
