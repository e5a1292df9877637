// What a Freshservice value must be at Zendesk: the documented default mapping (docs/mapping.md), read anew and by hand.
// Values and words only; who stands for whom is in People.ts, what a whole ticket must look like in Picture.ts.
import type { SourceMatter } from "./SourceRows.ts"
import type { SourceTicket } from "./Truth.ts"

/** Rows of the documented status map by the source's number; a job whose mapping has more rows brings its own. */
export type Statuses = ReadonlyMap<number, string>

export const documentedStatuses: Statuses = new Map([
  [2, "open"],
  [3, "pending"],
  [4, "solved"],
  [5, "closed"]
])

const priorities: ReadonlyMap<number, string> = new Map([
  [1, "low"],
  [2, "normal"],
  [3, "high"],
  [4, "urgent"]
])

const kinds: ReadonlyMap<string, { readonly type: string; readonly tag: string | null }> = new Map([
  ["Incident", { type: "incident", tag: null }],
  ["Service Request", { type: "question", tag: "service_request" }],
  ["Alert", { type: "incident", tag: "alert" }],
  ["Case", { type: "question", tag: "case" }],
  ["Major Incident", { type: "incident", tag: "major_incident" }]
])

/** The channel is read-only at Zendesk: it stays as a tag. */
const channels: ReadonlyMap<number, string> = new Map([
  [1, "email"],
  [2, "portal"],
  [3, "phone"],
  [4, "chat"],
  [5, "widget"],
  [6, "yammer"],
  [7, "monitoring"],
  [8, "monitoring"],
  [9, "walk_in"],
  [10, "slack"],
  [11, "chat"],
  [12, "workplace"],
  [13, "hr_flow"],
  [14, "monitoring"],
  [15, "teams"],
  [18, "hr_flow"]
])

/** Why a ticket is left out, in the documented words, or null. A status of the account's own has no row. */
export const exclusion = (ticket: SourceTicket, statuses: Statuses): string | null => {
  if (ticket.deleted) return "deleted at the source"
  if (ticket.spam) return "spam"
  return statuses.has(ticket.status) ? null : `unmapped status ${ticket.status}`
}

export const subjectOf = (subject: string | null): string => (isBlank(subject) ? "(no subject)" : String(subject))

export const statusOf = (ticket: SourceTicket, statuses: Statuses): string => statuses.get(ticket.status) ?? "?"
export const priorityOf = (ticket: { readonly priority: number }): string => priorities.get(ticket.priority) ?? "normal"
export const isIncident = (ticket: SourceTicket): boolean =>
  ["Incident", "Alert", "Major Incident"].includes(ticket.type)
export const typeOf = (ticket: SourceTicket): string => kinds.get(ticket.type)?.type ?? "question"

const problemStatuses: ReadonlyMap<number, string> = new Map([
  [1, "open"],
  [2, "pending"],
  [3, "closed"]
])
const changeStatuses: ReadonlyMap<number, string> = new Map([
  [1, "new"],
  [2, "open"],
  [3, "pending"],
  [4, "pending"],
  [5, "open"],
  [6, "closed"]
])
const changeTypes = ["minor", "standard", "major", "emergency"]
const risks = ["low", "medium", "high", "very_high"]

export const problemStatusOf = ({ status }: SourceMatter): string => problemStatuses.get(status) ?? "?"
export const changeStatusOf = ({ status }: SourceMatter): string => changeStatuses.get(status) ?? "?"
/** Zendesk has no changes: tags say what it is. */
export const changeTags = ({ change_type, risk }: SourceMatter): ReadonlyArray<string> => [
  "change",
  ...(change_type === undefined ? [] : [`change_${changeTypes[change_type - 1]}`]),
  ...(risk === undefined ? [] : [`risk_${risks[risk - 1]}`])
]

/** As Zendesk keeps a tag: lower case, no blanks. */
export const tagOf = (text: string): string => text.trim().toLowerCase().replaceAll(/\s+/g, "_")

export const tagsOf = (ticket: SourceTicket, fromFields: ReadonlyArray<string>): ReadonlyArray<string> => {
  const channel = channels.get(ticket.source)
  const kind = kinds.get(ticket.type)?.tag ?? null
  const all = [
    ...(ticket.tags ?? []),
    ...(kind === null ? [] : [kind]),
    `source_${channel ?? ticket.source}`,
    ...fromFields
  ]
  return [...new Set(all.map(tagOf).filter((tag) => tag !== ""))].sort()
}

export const withoutDescription = "(no description)"
export const withoutWords = "(empty)"

/** Longer texts become several comments that are the whole when joined; Zendesk would cut at 64 kB without a word. */
export const commentBytes = 64_000

export const isOversize = (body: string): boolean =>
  body.length * 3 > commentBytes && Buffer.byteLength(body) > commentBytes

/** Stands for people whom nobody knows any more. */
export const placeholder = { name: "Former user", email: "former-user@bridge.invalid" }

export const isBlank = (text: string | null | undefined): boolean =>
  text === null || text === undefined || text.trim() === ""

/** Digits and a leading plus. */
export const phoneOf = (...numbers: ReadonlyArray<string | null>): string | null =>
  numbers.find((number) => !isBlank(number))?.replaceAll(/(?!^\+)\D/g, "") ?? null

/** The lowest wins wherever one of several must: shorter ids first, so that numbers count as numbers. */
export const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id

/** Names that are the same but for their case: the lowest id keeps its own, the others bear their id behind it. */
export const distinctNames = (
  rows: ReadonlyArray<{ readonly id: number; readonly name: string | null }>,
  kind: string
): ReadonlyMap<number, string> => {
  const names = new Map<number, string>()
  const taken = new Set<string>()
  for (const { id, name } of rows.toSorted(byId)) {
    const own = isBlank(name) ? `${kind} ${id}` : String(name).trim()
    names.set(id, taken.has(own.toLowerCase()) ? `${own} (${id})` : own)
    taken.add(own.toLowerCase())
  }
  return names
}
