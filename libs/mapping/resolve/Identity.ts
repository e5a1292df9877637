// By what a record is recognised as the same one: addresses of people, names of departments and groups. Pure.
// For Resolve.ts and the shells (`job_records.match_key`). What does not belong here: what follows from it (link/).
import type { JsonObject } from "@bridge/domain/Element"
import type { EntityId } from "@bridge/domain/Entities"

/** Blanks, invisible characters and a `mailto:` around or inside an address are typing errors; without `@` it is none. */
export const cleanEmail = (email: string, note: (what: string) => void): string | null => {
  if (email === "") return null
  const bare = email.replace(/[\s\u00a0\u200b-\u200d\u2060\ufeff]+/gu, "").replace(/^(mailto|smtp):/iu, "")
  const address = /^.*<([^<>]+)>$/u.exec(bare)?.[1] ?? bare
  if (address === "") return null
  if (!/^[^@]+@[^@]+$/u.test(address)) {
    note(`${email.slice(0, 80)} is no e-mail address and was left out`)
    return null
  }
  if (address !== email) note("blanks were removed from the e-mail address")
  return address
}

/**
 * The key under which two records of a job are one (people) or clash (names), null when there is none. It is taken from
 * the destination body: there they would meet. Addresses without case; names without case, trimmed.
 * Source: Zendesk API, organization names are unique whatever the case; e-mail addresses are compared without case.
 */
export const matchKey = (entity: EntityId, body: JsonObject): string | null => {
  if (entity === "person") return key(body.email)
  if (entity === "department" || entity === "group") return key(body.name)
  return null
}

const key = (value: JsonObject[string] | undefined): string | null => {
  if (typeof value !== "string") return null
  const folded = value.normalize("NFKC").trim().toLowerCase()
  return folded === "" ? null : folded
}
