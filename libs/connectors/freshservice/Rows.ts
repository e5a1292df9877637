// The shapes of Freshservice rows as JSON Schema, for `discover` and the form of mappings. Source: Freshservice API v2, the
// attribute tables of each resource, and recorded answers.
import { rowSchema } from "../RowSchema.ts"

export const ticketSchema = rowSchema("Freshservice ticket", {
  id: "integer",
  workspace_id: "integer?",
  subject: "string?",
  description: "string?",
  description_text: "string?",
  type: "string?",
  status: "integer",
  priority: "integer",
  urgency: "integer?",
  impact: "integer?",
  source: "integer?",
  requester_id: "integer?",
  requested_for_id: "integer?",
  responder_id: "integer?",
  group_id: "integer?",
  department_id: "integer?",
  email_config_id: "integer?",
  category: "string?",
  sub_category: "string?",
  item_category: "string?",
  due_by: "time?",
  fr_due_by: "time?",
  fr_escalated: "boolean",
  is_escalated: "boolean",
  deleted: "boolean",
  spam: "boolean",
  cc_emails: "strings?",
  fwd_emails: "strings?",
  reply_cc_emails: "strings?",
  bcc_emails: "strings?",
  to_emails: "strings?",
  tags: "strings?",
  attachments: "objects?",
  custom_fields: "object?",
  sla_policy_id: "integer?",
  applied_business_hours: "integer?",
  created_within_business_hours: "boolean?",
  approval_status: "integer?",
  approval_status_name: "string?",
  planned_start_date: "time?",
  planned_end_date: "time?",
  planned_effort: "string?",
  resolution_notes: "string?",
  resolution_notes_html: "string?",
  stats: "object?",
  created_at: "time",
  updated_at: "time"
})

export const conversationSchema = rowSchema("Freshservice conversation", {
  id: "integer",
  ticket_id: "integer",
  user_id: "integer?",
  body: "string?",
  body_text: "string?",
  incoming: "boolean",
  private: "boolean",
  source: "integer?",
  to_emails: "strings?",
  cc_emails: "strings?",
  bcc_emails: "strings?",
  from_email: "string?",
  support_email: "string?",
  attachments: "objects?",
  created_at: "time",
  updated_at: "time"
})

const personFields = {
  id: "integer",
  first_name: "string?",
  last_name: "string?",
  work_phone_number: "string?",
  mobile_phone_number: "string?",
  job_title: "string?",
  department_ids: "integers?",
  location_id: "integer?",
  location_name: "string?",
  reporting_manager_id: "integer?",
  address: "string?",
  time_zone: "string?",
  time_format: "string?",
  language: "string?",
  external_id: "string?",
  vip_user: "boolean?",
  active: "boolean",
  has_logged_in: "boolean?",
  can_see_all_tickets_from_associated_departments: "boolean?",
  can_see_all_changes_from_associated_departments: "boolean?",
  background_information: "string?",
  custom_fields: "object?",
  created_at: "time",
  updated_at: "time"
} as const

export const requesterSchema = rowSchema("Freshservice requester", {
  ...personFields,
  primary_email: "string?",
  secondary_emails: "strings?",
  department_names: "any",
  is_agent: "boolean?"
})

export const agentSchema = rowSchema("Freshservice agent", {
  ...personFields,
  email: "string?",
  occasional: "boolean?",
  auto_assign_tickets: "boolean?",
  last_active_at: "time?",
  last_login_at: "time?",
  roles: "objects?",
  member_of: "integers?",
  observer_of: "integers?",
  signature: "string?"
})

export const groupSchema = rowSchema("Freshservice agent group", {
  id: "integer",
  name: "string",
  description: "string?",
  escalate_to: "integer?",
  unassigned_for: "string?",
  business_hours_id: "integer?",
  auto_ticket_assign: "boolean?",
  restricted: "boolean?",
  approval_required: "boolean?",
  agent_ids: "integers?",
  members: "integers?",
  observers: "integers?",
  leaders: "integers?",
  created_at: "time",
  updated_at: "time"
})

export const departmentSchema = rowSchema("Freshservice department", {
  id: "integer",
  name: "string",
  description: "string?",
  head_user_id: "integer?",
  prime_user_id: "integer?",
  domains: "strings?",
  custom_fields: "object?",
  created_at: "time",
  updated_at: "time"
})
