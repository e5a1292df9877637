// One ticket with its comments in one form for both ends: as the source says it must be, and as the destination has it.
// Two pictures are the same or they differ field by field; a digest stands for a picture where many are held.
import { createHash } from "node:crypto"
import type { CustomFields } from "./CustomFields.ts"
import type { People } from "./People.ts"
import type { Places } from "./Places.ts"
import {
  isBlank,
  priorityOf,
  type Statuses,
  statusOf,
  subjectOf,
  tagOf,
  tagsOf,
  typeOf,
  withoutDescription,
  withoutWords
} from "./Rules.ts"
import type { Corpus, Destination, FoundComment, SourceComment } from "./Truth.ts"

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
  /** The first one is the description. */
  readonly comments: ReadonlyArray<CommentPicture>
}

export interface Both {
  readonly people: People
  readonly places: Places
  readonly fields: CustomFields
  readonly statuses: Statuses
}

export const mustBe = (
  { row, conversations }: Corpus["ticket"],
  { people, places, fields, statuses }: Both
): TicketPicture => {
  const custom = fields.expected(row)
  const requester = people.userOf(row.requester_id)
  const group = row.group_id === null ? null : (places.groups.get(row.group_id) ?? null)
  const assignee = people.assigneeOf(row.responder_id, group)
  return {
    subject: subjectOf(row),
    created_at: second(row.created_at),
    status: statusOf(row, statuses),
    priority: priorityOf(row),
    type: typeOf(row),
    requester,
    assignee,
    // Zendesk puts a ticket without a group into the default group of its assignee.
    group: group ?? (assignee === null ? null : people.defaultGroup(assignee)),
    // One that is not the requester's is left out, and Zendesk fills in the requester's own.
    organization: people.organization(requester),
    tags: tagsOf(row, custom.tags),
    custom: sorted(custom.values),
    comments: [
      {
        author: requester,
        body: bodyOf(row.description, row.description_text, withoutDescription),
        public: true,
        created_at: second(row.created_at)
      },
      ...inOrder(conversations).map((comment) => ({
        author: people.userOf(comment.user_id),
        body: bodyOf(comment.body, comment.body_text, withoutWords),
        public: !comment.private,
        created_at: second(comment.created_at)
      }))
    ]
  }
}

export const is = ({ row, comments }: Destination["ticket"], { fields }: Both): TicketPicture => ({
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
  custom: sorted(fields.found(row)),
  comments: comments.map((comment) => ({
    author: comment.author_id,
    body: foundBody(comment),
    public: comment.public,
    created_at: second(comment.created_at)
  }))
})

export const inOrder = (comments: ReadonlyArray<SourceComment>): ReadonlyArray<SourceComment> =>
  [...comments].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || a.id - b.id)

export const digestOf = (picture: TicketPicture): string =>
  createHash("sha256").update(JSON.stringify(picture)).digest("base64url").slice(0, 24)

/** HTML as it was written; its text where there is no HTML; words of ours where there is nothing at all. */
const bodyOf = (html: string | null, text: string | null, otherwise: string): string =>
  !isBlank(html) ? String(html) : !isBlank(text) ? String(text) : otherwise

/** What was sent as text is shown by Zendesk in a frame of its own: then the text itself is the body. */
const foundBody = ({ html_body, plain_body }: FoundComment): string =>
  html_body.startsWith('<div class="zd-comment"') ? plain_body : html_body

/** Both vendors count whole seconds. */
const second = (instant: string): string => `${new Date(instant).toISOString().slice(0, 19)}Z`

const sorted = (values: Readonly<Record<string, string>>): ReadonlyArray<readonly [string, string]> =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))
