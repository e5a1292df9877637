// The shapes of Zendesk rows as JSON Schema, for `discover` and the form of mappings. Source: Zendesk API reference, JSON
// formats of each resource.
import { rowSchema } from "../RowSchema.ts"

export const ticketSchema = rowSchema("Zendesk ticket", {
  id: "integer",
  url: "string",
  encoded_id: "string?",
  external_id: "string?",
  via: "object?",
  created_at: "time",
  updated_at: "time",
  generated_timestamp: "integer?",
  type: "string?",
  subject: "string?",
  raw_subject: "string?",
  description: "string?",
  priority: "string?",
  status: "string",
  custom_status_id: "integer?",
  recipient: "string?",
  requester_id: "integer?",
  submitter_id: "integer?",
  assignee_id: "integer?",
  group_id: "integer?",
  organization_id: "integer?",
  collaborator_ids: "integers",
  follower_ids: "integers",
  email_cc_ids: "integers",
  followup_ids: "integers",
  sharing_agreement_ids: "integers",
  problem_id: "integer?",
  has_incidents: "boolean",
  is_public: "boolean",
  allow_channelback: "boolean",
  allow_attachments: "boolean",
  from_messaging_channel: "boolean",
  due_at: "time?",
  tags: "strings",
  custom_fields: "objects",
  fields: "objects",
  satisfaction_rating: "object?",
  ticket_form_id: "integer?",
  brand_id: "integer?",
  support_type: "string?"
})

export const commentSchema = rowSchema("Zendesk comment", {
  id: "integer",
  type: "string",
  author_id: "integer?",
  body: "string?",
  html_body: "string?",
  plain_body: "string?",
  public: "boolean",
  attachments: "objects",
  audit_id: "integer?",
  via: "object?",
  created_at: "time",
  metadata: "object?"
})

export const userSchema = rowSchema("Zendesk user", {
  id: "integer",
  url: "string",
  name: "string",
  email: "string?",
  created_at: "time",
  updated_at: "time",
  time_zone: "string?",
  iana_time_zone: "string?",
  phone: "string?",
  shared_phone_number: "boolean?",
  photo: "object?",
  locale_id: "integer?",
  locale: "string?",
  organization_id: "integer?",
  role: "string",
  verified: "boolean",
  external_id: "string?",
  tags: "strings",
  alias: "string?",
  active: "boolean",
  shared: "boolean",
  shared_agent: "boolean",
  last_login_at: "time?",
  signature: "string?",
  details: "string?",
  notes: "string?",
  role_type: "integer?",
  custom_role_id: "integer?",
  moderator: "boolean?",
  ticket_restriction: "string?",
  only_private_comments: "boolean?",
  restricted_agent: "boolean?",
  suspended: "boolean",
  default_group_id: "integer?",
  user_fields: "object?"
})

export const organizationSchema = rowSchema("Zendesk organization", {
  id: "integer",
  url: "string",
  name: "string",
  external_id: "string?",
  domain_names: "strings",
  details: "string?",
  notes: "string?",
  group_id: "integer?",
  shared_tickets: "boolean",
  shared_comments: "boolean",
  tags: "strings",
  organization_fields: "object?",
  created_at: "time",
  updated_at: "time",
  deleted_at: "time?"
})

export const groupSchema = rowSchema("Zendesk group", {
  id: "integer",
  url: "string",
  name: "string",
  description: "string?",
  is_public: "boolean?",
  default: "boolean?",
  deleted: "boolean?",
  created_at: "time",
  updated_at: "time"
})

export const groupMembershipSchema = rowSchema("Zendesk group membership", {
  id: "integer",
  url: "string",
  user_id: "integer",
  group_id: "integer",
  default: "boolean?",
  created_at: "time",
  updated_at: "time"
})

export const organizationMembershipSchema = rowSchema("Zendesk organization membership", {
  id: "integer",
  url: "string",
  user_id: "integer",
  organization_id: "integer",
  default: "boolean?",
  created_at: "time",
  updated_at: "time"
})
