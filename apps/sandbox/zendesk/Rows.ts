// Zendesk rows as the API shows them.

import type { ZendeskAccount } from "./Account.ts"
import { isSystemField } from "./Fields.ts"
import type { Comment, Group, Identity, Membership, Organization, Ticket, User } from "./Model.ts"
import { viaApi } from "./Model.ts"
import { htmlOfText, textOfHtml } from "./Text.ts"
import type { Attachment } from "./UploadModel.ts"

const url = (account: ZendeskAccount, path: string): string => `https://${account.host}/api/v2/${path}.json`

export const plainText = (comment: Comment): string => comment.text ?? textOfHtml(comment.html ?? "")

export const ticketRow = (account: ZendeskAccount, ticket: Ticket): object => {
  const custom: Array<object> = []
  for (const field of account.fields)
    if (!isSystemField(field)) custom.push({ id: field.id, value: ticket.custom[field.id] ?? null })
  const first = ticket.comments[0]
  return {
    url: url(account, `tickets/${ticket.id}`),
    id: ticket.id,
    encoded_id: `Z${ticket.id}-ENC`,
    external_id: ticket.externalId,
    via: viaApi,
    created_at: ticket.createdAt,
    updated_at: ticket.updatedAt,
    generated_timestamp: ticket.generated,
    type: ticket.type,
    subject: ticket.subject,
    raw_subject: ticket.subject,
    description: first === undefined ? "" : plainText(first),
    priority: ticket.priority,
    status: ticket.status,
    recipient: null,
    requester_id: ticket.requester,
    submitter_id: ticket.submitter,
    assignee_id: ticket.assignee,
    organization_id: ticket.organization,
    group_id: ticket.group,
    collaborator_ids: [],
    follower_ids: [],
    email_cc_ids: [],
    forum_topic_id: null,
    problem_id: ticket.problem,
    has_incidents: (account.incidents.get(ticket.id)?.size ?? 0) > 0,
    is_public: first?.public ?? true,
    due_at: ticket.dueAt,
    tags: ticket.tags,
    custom_fields: custom,
    satisfaction_rating: null,
    sharing_agreement_ids: [],
    custom_status_id: null,
    fields: custom,
    followup_ids: [],
    ticket_form_id: null,
    brand_id: account.brandId,
    allow_channelback: false,
    allow_attachments: true,
    from_messaging_channel: false,
    support_type: "agent"
  }
}

/** `inline` pictures are told when asked for. */
export const attachmentRows = (account: ZendeskAccount, comment: Comment, inline: boolean): ReadonlyArray<object> =>
  comment.attachments
    .map((id) => account.uploads.attachments.get(id))
    .filter((attachment) => attachment !== undefined && (inline || !attachment.inline))
    .map((attachment) => attachmentRow(account, attachment as Attachment))

export const attachmentRow = (account: ZendeskAccount, attachment: Attachment): object => {
  const { id, fileName, contentType, file, key, inline } = attachment
  const contentUrl = `https://${account.host}/attachments/token/${key}/?name=${encodeURIComponent(fileName)}`
  return {
    url: url(account, `attachments/${id}`),
    id,
    file_name: fileName,
    content_url: contentUrl,
    mapped_content_url: contentUrl,
    content_type: contentType,
    size: file.bytes.size,
    width: null,
    height: null,
    inline,
    deleted: false,
    malware_access_override: false,
    malware_scan_result: "malware_not_found",
    thumbnails: []
  }
}

export const commentRow = (account: ZendeskAccount, comment: Comment, inline = false): object => ({
  id: comment.id,
  type: "Comment",
  author_id: comment.author,
  body: plainText(comment),
  html_body: comment.html ?? htmlOfText(comment.text ?? ""),
  plain_body: plainText(comment),
  public: comment.public,
  attachments: attachmentRows(account, comment, inline),
  audit_id: comment.id + 1_000_000_000,
  via: viaApi,
  created_at: comment.createdAt,
  metadata: { system: { client: "", ip_address: "203.0.113.9", location: "", latitude: 0, longitude: 0 }, custom: {} }
})

export const userRow = (account: ZendeskAccount, user: User): object => ({
  id: user.id,
  url: url(account, `users/${user.id}`),
  name: user.name,
  email: user.active ? user.email : null,
  created_at: user.createdAt,
  updated_at: user.updatedAt,
  time_zone: user.timeZone,
  iana_time_zone: "Europe/Berlin",
  phone: user.phone,
  shared_phone_number: user.phone === null ? null : false,
  photo: null,
  locale_id: 1,
  locale: user.locale,
  organization_id: user.organization,
  role: user.role,
  verified: user.verified,
  external_id: user.externalId,
  tags: user.tags,
  alias: user.alias,
  active: user.active,
  shared: false,
  shared_agent: false,
  last_login_at: null,
  two_factor_auth_enabled: null,
  signature: user.signature,
  details: user.details,
  notes: user.notes,
  role_type: user.role === "admin" ? 4 : user.role === "agent" ? 0 : null,
  custom_role_id: null,
  is_billing_admin: false,
  moderator: user.role !== "end-user",
  ticket_restriction: user.role === "end-user" ? "requested" : null,
  only_private_comments: false,
  restricted_agent: user.role === "end-user",
  suspended: user.suspended,
  default_group_id: user.defaultGroup,
  report_csv: false,
  user_fields: user.fields
})

/** What `/users/me` says to a stranger. */
export const anonymousRow = {
  id: null,
  url: null,
  name: "Anonymous user",
  email: "invalid@example.com",
  role: "end-user",
  active: false,
  verified: false
}

export const identityRow = (account: ZendeskAccount, user: User, identity: Identity, primary: boolean): object => ({
  url: url(account, `users/${user.id}/identities/${identity.id}`),
  id: identity.id,
  user_id: user.id,
  type: identity.type,
  value: identity.value,
  verified: true,
  primary,
  created_at: identity.createdAt,
  updated_at: identity.createdAt
})

export const organizationRow = (account: ZendeskAccount, organization: Organization, withDeleted = false): object => ({
  url: url(account, `organizations/${organization.id}`),
  id: organization.id,
  name: organization.name,
  shared_tickets: false,
  shared_comments: false,
  external_id: organization.externalId,
  created_at: organization.createdAt,
  updated_at: organization.updatedAt,
  domain_names: organization.domains,
  details: organization.details,
  notes: organization.notes,
  group_id: organization.group,
  tags: organization.tags,
  organization_fields: organization.fields,
  ...(withDeleted ? { deleted_at: organization.deletedAt } : {})
})

export const groupRow = (account: ZendeskAccount, group: Group): object => ({
  url: url(account, `groups/${group.id}`),
  id: group.id,
  is_public: group.isPublic,
  name: group.name,
  description: group.description,
  default: group.isDefault,
  deleted: group.deleted,
  created_at: group.createdAt,
  updated_at: group.updatedAt
})

export const membershipRow = (
  account: ZendeskAccount,
  kind: "group" | "organization",
  membership: Membership
): object => ({
  url: url(account, `${kind}_memberships/${membership.id}`),
  id: membership.id,
  user_id: membership.user,
  [`${kind}_id`]: membership.of,
  default: membership.isDefault,
  created_at: membership.createdAt,
  updated_at: membership.createdAt
})
