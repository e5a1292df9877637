// A person who is at Zendesk already, found by an address, and what that person cannot be there. Source: Zendesk API, "Search users",
// "User identities". Whether the search finds who has an address beside another one is not documented: both answers are taken.
import type { JsonObject } from "@bridge/http/Call"
import type { Match, Write } from "../Connector.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf } from "./Answers.ts"
import { get, idsWhere, nextPage, quoted } from "./Calls.ts"
import type { Config } from "./Config.ts"
import { identityPath } from "./Identities.ts"

const addressOf = (row: JsonObject): string => textOf(row.email)?.trim().toLowerCase() ?? ""

const search = (_config: Config, write: Write) => {
  const email = addressOf(write.body)
  return email === "" ? null : get("searchUsers", "/api/v2/users/search", { query: `email:${quoted(email)}` })
}

const lives = (row: JsonObject): boolean => row.active !== false

/** An agent without a full seat: may not be assigned to. */
const lightAgent = "1"

/** What keeps them from being the agent that was approved. */
const lackOf = (row: JsonObject): string | null => {
  if (row.suspended === true) return "suspended"
  if (textOf(row.role) === "end-user") return "an end user"
  return idOf(row.role_type) === lightAgent ? "a light agent" : null
}

export const userByEmail: Match<Config> = {
  name: "user by e-mail",
  call: search,
  read: (write, answer) => idsWhere(answer, "users", (row) => addressOf(row) === addressOf(write.body) && lives(row)),
  lacks: (write, answer, id) => {
    const role = textOf(write.body.role)
    if (role === null || role === "end-user") return null
    const row = listOf(bodyOf(answer).users)
      .map(objectOf)
      .find((one) => idOf(one.id) === id)
    const lack = row === undefined ? null : lackOf(row)
    return lack === null ? null : { code: "matched-no-agent", message: `${lack} there, and was there before` }
  }
}

/** Somebody else's further address: refused as taken, although nobody has it as the first one. */
export const userByIdentity: Match<Config> = {
  name: "user by further address",
  call: search,
  read: (write, answer) =>
    listOf(bodyOf(answer).identities)
      .map(objectOf)
      .filter(({ type, value }) => textOf(type) === "email" && sameText(value, addressOf(write.body)))
      .flatMap((row) => idOf(row.user_id) ?? []),
  // The one whom the search gave, then further pages of their addresses.
  next: (answer) => {
    const found = listOf(bodyOf(answer).users).map(objectOf).find(lives)
    const id = found === undefined ? null : idOf(found.id)
    return id === null
      ? nextPage("listIdentities")(answer)
      : get("listIdentities", identityPath(id), { "page[size]": "100" })
  }
}

const sameText = (value: JsonObject[string] | undefined, text: string): boolean =>
  textOf(value)?.trim().toLowerCase() === text
