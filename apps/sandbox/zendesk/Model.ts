// What a Zendesk account holds, as it is kept; how the API shows it is in Rows.ts.
// Bodies are kept as they were sent, either HTML or text.

export type Via = {
  readonly channel: string
  readonly source: { readonly from: object; readonly to: object; readonly rel: null }
}
export const viaApi: Via = { channel: "api", source: { from: {}, to: {}, rel: null } }

export type FieldValue = string | number | boolean | ReadonlyArray<string> | null

export type Comment = {
  readonly id: number
  readonly author: number
  readonly html: string | null
  readonly text: string | null
  readonly public: boolean
  readonly createdAt: string
  /** Tokens as they were sent. */
  readonly uploads: ReadonlyArray<string>
  /** Ids of the files it has. */
  readonly attachments: ReadonlyArray<number>
}

export type Ticket = {
  readonly id: number
  externalId: string | null
  subject: string | null
  type: string | null
  status: string
  priority: string | null
  requester: number
  submitter: number
  assignee: number | null
  group: number | null
  organization: number | null
  problem: number | null
  dueAt: string | null
  solvedAt: string | null
  tags: ReadonlyArray<string>
  custom: Readonly<Record<number, FieldValue>>
  readonly createdAt: string
  updatedAt: string
  /** Unix second of the last change of any kind. */
  generated: number
  archived: boolean
  readonly comments: Array<Comment>
  /** Real milliseconds when the last write happened, for the search index. */
  writtenAt: number
}

export type User = {
  readonly id: number
  name: string
  email: string | null
  externalId: string | null
  role: "end-user" | "agent" | "admin"
  phone: string | null
  organization: number | null
  suspended: boolean
  active: boolean
  verified: boolean
  tags: ReadonlyArray<string>
  details: string | null
  notes: string | null
  alias: string | null
  signature: string | null
  timeZone: string
  locale: string
  fields: Readonly<Record<string, unknown>>
  defaultGroup: number | null
  /** Further addresses and telephone numbers. */
  readonly identities: Array<Identity>
  readonly createdAt: string
  updatedAt: string
  writtenAt: number
}

export type Identity = {
  readonly id: number
  readonly type: string
  readonly value: string
  readonly createdAt: string
}

export type Organization = {
  readonly id: number
  name: string
  externalId: string | null
  domains: ReadonlyArray<string>
  details: string | null
  notes: string | null
  group: number | null
  tags: ReadonlyArray<string>
  fields: Readonly<Record<string, unknown>>
  readonly createdAt: string
  updatedAt: string
  deletedAt: string | null
  writtenAt: number
}

export type Group = {
  readonly id: number
  name: string
  description: string
  isPublic: boolean
  readonly isDefault: boolean
  deleted: boolean
  readonly createdAt: string
  updatedAt: string
}

export type Membership = {
  readonly id: number
  readonly user: number
  /** The group or the organization. */
  readonly of: number
  isDefault: boolean
  readonly createdAt: string
}

export type PersonFieldKind = "user" | "organization"
export type PersonField = {
  readonly id: number
  readonly kind: PersonFieldKind
  readonly key: string
  readonly type: string
  readonly title: string
  readonly active: boolean
  readonly options: ReadonlyArray<unknown>
  readonly target: string | null
  readonly createdAt: string
}
