// Streams of Freshservice's desk: tickets with conversations and requested items, problems and changes with their notes, and
// the files of all of them. Facts: Freshservice API v2. What could not be verified stands in docs/connectors.md.
import type { Answer } from "@bridge/http/Call"
import { cutOne, cutPage, fieldsOf } from "@bridge/http/Rows"
import type { Call, Stream } from "../Connector.ts"
import { type RowForm, rowOf } from "../Cut.ts"
import { withMember } from "../Files.ts"
import type { Child, Member, Row } from "../Row.ts"
import { budgetOf } from "./Answers.ts"
import { changingList } from "./ChangingList.ts"
import type { Config } from "./Config.ts"
import { changeSchema, fileSchema, noteSchema, problemSchema } from "./DeskRows.ts"
import { fileStreams, filesOfComment, filesOfRoot } from "./FileRows.ts"
import { changeFilters, problemFilters, ticketFilters } from "./Filters.ts"
import { childList, nextPage, perPage } from "./Lists.ts"
import * as Normalise from "./Normalise.ts"
import * as Changes from "./NormaliseChanges.ts"
import { file } from "./NormaliseFiles.ts"
import { conversationSchema, ticketSchema } from "./Rows.ts"

const ticketForm: RowForm = { stream: "tickets", versionKey: "updated_at" }

const ticketLists = {
  ...ticketForm,
  operation: "listTickets",
  path: "/api/v2/tickets",
  key: "tickets",
  budget: budgetOf.listTickets,
  passes: [
    ["all", {}],
    ["deleted", { filter: "deleted" }],
    ["spam", { filter: "spam" }]
  ] as const,
  windowed: true,
  optional: false,
  filters: ticketFilters
}

/** `stats` has the only resolved and closed times: with the list it costs 2 credits a page, with the detail one a ticket. */
export const ticketList = changingList({ ...ticketLists, include: "stats" })

/** For what hangs below tickets, which needs no times of theirs. */
const barePaging = changingList(ticketLists)

/** What a ticket is linked to comes with its detail, at a credit each: only where those are moved too. */
const linked: ReadonlyArray<readonly [stream: string, include: string]> = [
  ["assets", "assets"],
  ["problems", "problem"],
  ["changes", "change"]
]

/** The parent of a ticket would double the credits where tickets alone are moved: it comes where links are asked for anyway. */
const includeOf = (wanted: ReadonlySet<string>): string => {
  const names = linked.flatMap(([stream, name]) => (wanted.has(stream) ? [name] : []))
  return names.length === 0 ? "" : [...names, "related_tickets"].join(",")
}

const detailOf = (
  row: Row,
  form: RowForm & { readonly path: string; readonly key: string; readonly operation: string; readonly budget?: string },
  include: string
) => {
  const call = (query: { readonly include?: string }): Call => ({
    operation: form.operation,
    method: "GET",
    path: `${form.path}/${encodeURIComponent(row.sourceId)}`,
    // A credit for each thing that is embedded.
    ...(query.include !== undefined && {
      query: { include: query.include },
      cost: 1 + query.include.split(",").length
    }),
    ...(form.budget !== undefined && { budget: form.budget }),
    idempotent: true
  })
  return {
    ...(include === "" ? { call: call({}) } : { call: call({ include }), plainer: call({}) }),
    read: (answer: Answer): Row | null => {
      const cut = cutOne(answer.body, form.key, [...(form.idKeys ?? ["id"]), form.versionKey, "stats"])
      const whole = rowOf(cut, form)
      const stats = whole === null || cut.fields.stats !== undefined ? undefined : fieldsOf(row.json, ["stats"]).stats
      return whole === null || stats === undefined ? whole : withMember(whole, "stats", Buffer.from(stats))
    }
  }
}

/** `include=conversations` gives only the first few: the list of its own is the only complete one. */
const conversationsOf = (ticketId: string): Child =>
  childList({
    stream: "conversations",
    versionKey: "updated_at",
    operation: "listConversations",
    path: `/api/v2/tickets/${encodeURIComponent(ticketId)}/conversations`,
    key: "conversations",
    parentId: ticketId
  })

const requestedItems = (ticketId: string, page = 1): Member => ({
  key: "requested_items",
  call: {
    operation: "listRequestedItems",
    method: "GET",
    path: `/api/v2/tickets/${encodeURIComponent(ticketId)}/requested_items`,
    query: { per_page: perPage, page },
    idempotent: true
  },
  read: (answer) => {
    const next = nextPage(answer, page)
    return {
      items: cutPage(answer.body, "requested_items", []).rows.map(({ json }) => json),
      next: next === null ? null : requestedItems(ticketId, next)
    }
  }
})

/** Only requests have items; a look at the listed row's bytes spares all others the call. */
const isRequest = (row: Row): boolean => /"type"\s*:\s*"Service Request"/iu.test(row.json.toString("latin1"))

export const tickets: Stream<Config> = {
  name: "tickets",
  entity: "ticket",
  primaryKey: ["id"],
  cursorField: "updated_at",
  deletions: "deleted tickets come with deleted: true (filter=deleted), spam with spam: true; purged ones vanish",
  schema: ticketSchema,
  ...ticketList,
  expand: (_config, row, wanted) => {
    const files = wanted.has(fileStreams.ticket)
    const form = {
      ...ticketForm,
      path: "/api/v2/tickets",
      key: "ticket",
      operation: "viewTicket",
      budget: budgetOf.viewTicket
    }
    return {
      // List rows lack urgency, impact, tags, resolution and attachments; the detail has all of the list's keys and these.
      ...((wanted.has("tickets") || files) && { detail: detailOf(row, form, includeOf(wanted)) }),
      ...(wanted.has("tickets") && isRequest(row) && { members: [requestedItems(row.sourceId)] }),
      children: wanted.has("conversations") || files ? [conversationsOf(row.sourceId)] : []
    }
  },
  files: filesOfRoot("ticket"),
  normalise: Normalise.ticket
}

export const conversations: Stream<Config> = {
  name: "conversations",
  entity: "comment",
  parent: "tickets",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "missing from the ticket's list",
  schema: conversationSchema,
  ...barePaging,
  files: filesOfComment("ticket"),
  normalise: Normalise.conversation
}

type Module = "problem" | "change"

const moduleList = (module: Module) =>
  changingList({
    stream: `${module}s`,
    versionKey: "updated_at",
    operation: module === "problem" ? "listProblems" : "listChanges",
    path: `/api/v2/${module}s`,
    key: `${module}s`,
    passes: [["all", {}]],
    windowed: true,
    optional: true,
    filters: module === "problem" ? problemFilters : changeFilters
  })

const notesOf = (module: Module, id: string): Child =>
  childList({
    stream: `${module}_notes`,
    versionKey: "updated_at",
    operation: module === "problem" ? "listProblemNotes" : "listChangeNotes",
    path: `/api/v2/${module}s/${encodeURIComponent(id)}/notes`,
    key: "notes",
    sourceId: (note) => `${module}_notes/${note}`,
    parentId: id
  })

/** A module with details, notes and files: `problems`, `changes`. */
const moduleStreams = (module: Module): ReadonlyArray<Stream<Config>> => {
  const list = moduleList(module)
  const form = {
    stream: `${module}s`,
    versionKey: "updated_at",
    path: `/api/v2/${module}s`,
    key: module,
    operation: module === "problem" ? "viewProblem" : "viewChange"
  }
  const notes = `${module}_notes`
  const rows: Stream<Config> = {
    name: `${module}s`,
    entity: module,
    primaryKey: ["id"],
    cursorField: "updated_at",
    deletions: "deleted ones vanish from the list",
    schema: module === "problem" ? problemSchema : changeSchema,
    ...list,
    expand: (_config, row, wanted) => {
      const files = wanted.has(fileStreams[module])
      return {
        // The list lacks custom, analysis and planning fields and attachments.
        ...((wanted.has(`${module}s`) || files) && { detail: detailOf(row, form, "") }),
        children: wanted.has(notes) || files ? [notesOf(module, row.sourceId)] : []
      }
    },
    files: filesOfRoot(module),
    normalise: module === "problem" ? Changes.problem : Changes.change
  }
  const comments: Stream<Config> = {
    name: notes,
    entity: "comment",
    parent: `${module}s`,
    primaryKey: ["id"],
    cursorField: null,
    deletions: `missing from the ${module}'s list`,
    schema: noteSchema,
    ...list,
    files: filesOfComment(module),
    normalise: module === "problem" ? Changes.problemNote : Changes.changeNote
  }
  return [rows, comments, fileStream(fileStreams[module], `${module}s`, list)]
}

type Paging = Pick<Stream<Config>, "start" | "page" | "read" | "without" | "plainer">

/** Files of a root and of its comments, as rows of their own: the vendor's object, and what became of the bytes. */
export const fileStream = (name: string, parent: string, paging: Paging): Stream<Config> => ({
  name,
  entity: "attachment",
  parent,
  primaryKey: ["id"],
  cursorField: null,
  deletions: "missing from what it belongs to",
  schema: fileSchema,
  ...paging,
  normalise: file(name)
})

export const deskStreams: ReadonlyArray<Stream<Config>> = [
  tickets,
  conversations,
  fileStream(fileStreams.ticket, "tickets", barePaging),
  ...moduleStreams("problem"),
  ...moduleStreams("change")
]
