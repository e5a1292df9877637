// One ticket, problem or change with its comments in one form for both ends: as the source says it must be, and as it is there.
// Two pictures are the same or they differ field by field; a digest stands for a picture where many are held.
import { createHash } from "node:crypto"
import type { CustomFields } from "./CustomFields.ts"
import { type Files, filesFound, type Placed, placeOf, withBytes } from "./Files.ts"
import type { Links } from "./Links.ts"
import { assetsOf, changeNotes, type NoteWanted, problemNotes, textOf, ticketNotes, titleOf } from "./Notes.ts"
import type { People } from "./People.ts"
import type { Places } from "./Places.ts"
import {
  changeStatusOf,
  changeTags,
  isBlank,
  isIncident,
  priorityOf,
  problemStatusOf,
  type Statuses,
  statusOf,
  subjectOf,
  tagOf,
  tagsOf,
  typeOf,
  withoutDescription,
  withoutWords
} from "./Rules.ts"
import type { SourceFile, SourceNote } from "./SourceRows.ts"
import type { Corpus, Destination, FoundComment } from "./Truth.ts"

export interface CommentPicture {
  readonly author: number
  readonly body: string
  readonly public: boolean
  readonly created_at: string
}

export interface TicketPicture {
  readonly subject: string
  readonly created_at: string
  readonly status: string
  readonly priority: string | null
  readonly type: string | null
  readonly requester: number
  readonly assignee: number | null
  readonly group: number | null
  readonly organization: number | null
  readonly tags: ReadonlyArray<string>
  readonly custom: ReadonlyArray<readonly [string, string]>
  /** The ticket that stands for the problem of an incident. */
  readonly problem: number | null
  readonly due: string | null
  /** Titles of our own comments, with who said them when and to whom. */
  readonly notes: ReadonlyArray<string>
  /** The first one is the description. */
  readonly comments: ReadonlyArray<CommentPicture>
}

/** What goes with a picture and is compared apart. */
export interface Beside {
  readonly files: ReadonlyArray<Placed>
  /** Of each note its text, by title. */
  readonly told: ReadonlyMap<string, string>
}

export interface Both {
  readonly people: People
  readonly places: Places
  readonly fields: CustomFields
  readonly links: Links
  readonly statuses: Statuses
  readonly files: Files
  /** Tickets at the destination by the source id of the problem that they stand for. */
  readonly problems: ReadonlyMap<number, number>
}

/** Who and where: the same for tickets, problems and changes. */
const placed = (
  row: { readonly requester_id: number | null; readonly group_id: number | null },
  agent: number | null,
  { people, places }: Both
) => {
  const requester = people.userOf(row.requester_id)
  const group = row.group_id === null ? null : (places.groups.get(row.group_id) ?? null)
  const assignee = people.assigneeOf(agent, group)
  return {
    requester,
    assignee,
    // Zendesk puts a ticket without a group into the default group of its assignee.
    group: group ?? (assignee === null ? null : people.defaultGroup(assignee)),
    // One that is not the requester's is left out, and Zendesk fills in the requester's own.
    organization: people.organization(requester)
  }
}

interface Spoken {
  readonly description: string | null
  readonly description_text: string | null
  readonly created_at: string
}

const spoken = (row: Spoken, requester: number, both: Both, said: ReadonlyArray<CommentPicture>) => [
  {
    author: requester,
    body: bodyOf(row.description, row.description_text, withoutDescription, both),
    public: true,
    created_at: second(row.created_at)
  },
  ...said
]

const noteKey = (title: string, author: number, isPublic: boolean, created_at: string): string =>
  `${title}: ${isPublic ? "public" : "private"}, by ${author} at ${second(created_at)}`

const noted = (wanted: ReadonlyArray<NoteWanted>, requester: number, row: Spoken): ReadonlyArray<string> =>
  wanted.map(({ title }) => noteKey(title, requester, false, row.created_at))

export const mustBe = (line: Corpus["ticket"], both: Both): TicketPicture => {
  const { conversations, row } = line
  const custom = both.fields.expected(row)
  const place = placed(row, row.responder_id, both)
  const problem = line.problem_id ?? null
  return {
    subject: subjectOf(row.subject),
    created_at: second(row.created_at),
    status: statusOf(row, both.statuses),
    priority: priorityOf(row),
    type: typeOf(row),
    ...place,
    tags: tagsOf(row, custom.tags),
    custom: sorted({ ...custom.values, ...both.links(line.asset_display_ids ?? []) }),
    problem: problem === null || !isIncident(row) ? null : (both.problems.get(problem) ?? null),
    due: null,
    notes: noted(ticketNotes(line), place.requester, row),
    comments: spoken(
      row,
      place.requester,
      both,
      inOrder(conversations).map((comment) => commentOf(comment, !comment.private, both))
    )
  }
}

/** A problem or change as the ticket it becomes; its notes are private comments. */
export const matterMustBe = (
  entity: "problem" | "change",
  { notes, row }: Corpus["problem" | "change"],
  both: Both
): TicketPicture => {
  const place = placed(row, row.agent_id, both)
  const isProblem = entity === "problem"
  const own = isProblem ? (row.known_error === true ? ["known_error"] : []) : changeTags(row)
  return {
    subject: subjectOf(row.subject),
    created_at: second(row.created_at),
    status: isProblem ? problemStatusOf(row) : changeStatusOf(row),
    priority: priorityOf(row),
    type: isProblem ? "problem" : "task",
    ...place,
    tags: [...new Set([...(row.tags ?? []), ...own].map(tagOf))].sort(),
    custom: sorted(both.links(assetsOf(row))),
    problem: null,
    due: isProblem || !row.planned_end_date ? null : second(row.planned_end_date),
    notes: noted(isProblem ? problemNotes(row) : changeNotes(row), place.requester, row),
    comments: spoken(
      row,
      place.requester,
      both,
      inOrder(notes).map((note) => commentOf(note, false, both))
    )
  }
}

const commentOf = (comment: SourceNote, isPublic: boolean, both: Both): CommentPicture => ({
  author: both.people.userOf(comment.user_id),
  body: bodyOf(comment.body, comment.body_text, withoutWords, both),
  public: isPublic,
  created_at: second(comment.created_at)
})

export const is = ({ row, comments }: Destination["ticket"], both: Both): TicketPicture & Beside => {
  const ours = comments.filter((comment) => titleOf(comment) !== undefined)
  return {
    subject: row.subject ?? "",
    created_at: second(row.created_at),
    status: row.status,
    priority: row.priority,
    type: row.type,
    requester: row.requester_id,
    assignee: row.assignee_id,
    group: row.group_id,
    organization: row.organization_id,
    tags: [...new Set(row.tags.map(tagOf))].sort(),
    custom: sorted(both.fields.found(row)),
    problem: row.problem_id ?? null,
    due: row.due_at ? second(row.due_at) : null,
    notes: ours.map((one) => noteKey(titleOf(one) ?? "", one.author_id, one.public, one.created_at)),
    comments: comments
      .filter((comment) => titleOf(comment) === undefined)
      .map((comment) => ({
        author: comment.author_id,
        body: foundBody(comment, both),
        public: comment.public,
        created_at: second(comment.created_at)
      })),
    files: filesFound(comments, both.files, second),
    told: new Map(ours.map((one) => [titleOf(one) ?? "", textOf(one.html_body)]))
  }
}

/** The files of a ticket at their places. */
export const filesMustBe = (
  { conversations, row }: Corpus["ticket"],
  both: Both,
  files: ReadonlyArray<SourceFile>
): ReadonlyArray<Placed & { readonly id: number }> => {
  const first = placeOf({ created_at: second(row.created_at), author: both.people.userOf(row.requester_id) })
  const places = new Map(
    conversations.map((one) => [
      one.id,
      placeOf({ created_at: second(one.created_at), author: both.people.userOf(one.user_id) })
    ])
  )
  return files.map(({ id, inline, name, parent, parent_id, sha256 }) => ({
    id,
    at: parent === "comment" ? (places.get(parent_id) ?? "nowhere") : first,
    name: inline ? null : name,
    sha256
  }))
}

export const inOrder = <A extends SourceNote>(comments: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...comments].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || a.id - b.id)

/** Without what is compared apart. */
export const plain = (picture: TicketPicture): TicketPicture => {
  const { files: _, told: __, ...rest } = picture as TicketPicture & Partial<Beside>
  return rest
}

export const digestOf = (picture: TicketPicture): string =>
  createHash("sha256")
    .update(JSON.stringify(plain(picture)))
    .digest("base64url")
    .slice(0, 24)

/** HTML as it was written; its text where there is no HTML; words of ours where there is nothing at all. */
const bodyOf = (html: string | null, text: string | null, otherwise: string, { files }: Both): string =>
  !isBlank(html)
    ? withBytes(String(html), (tag) => files.picture(Number(/\sdata-id="(\d+)"/.exec(tag)?.[1] ?? Number.NaN)))
    : !isBlank(text)
      ? shownAs(String(text))
      : otherwise

/** HTML that shows a plain text as it is. */
const shownAs = (text: string): string => {
  const escaped = text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] ?? "&quot;")
  return escaped.split(/\r\n|\r|\n/).join("<br>")
}

/** What was sent as text is shown by Zendesk in a frame of its own: then the text itself is the body. */
const foundBody = ({ attachments, html_body, plain_body }: FoundComment, { files }: Both): string =>
  html_body.startsWith('<div class="zd-comment"')
    ? plain_body
    : withBytes(html_body, (_, src) => {
        const file = (attachments ?? []).find((one) => one.content_url === src)
        return file === undefined ? undefined : files.found(file.id)
      })

/** Both vendors count whole seconds. */
const second = (instant: string): string => `${new Date(instant).toISOString().slice(0, 19)}Z`

const sorted = (values: Readonly<Record<string, string>>): ReadonlyArray<readonly [string, string]> =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))
