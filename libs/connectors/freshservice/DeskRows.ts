// The shapes of problems, changes, their notes, and of files as JSON Schema. Source: Freshservice API v2, attribute tables.
import { rowSchema } from "../RowSchema.ts"

const shared = {
  id: "integer",
  workspace_id: "integer?",
  agent_id: "integer?",
  requester_id: "integer?",
  group_id: "integer?",
  department_id: "integer?",
  subject: "string?",
  description: "string?",
  description_text: "string?",
  priority: "integer?",
  impact: "integer?",
  status: "integer?",
  category: "string?",
  sub_category: "string?",
  item_category: "string?",
  assets: "any",
  attachments: "objects?",
  custom_fields: "object?",
  created_at: "time",
  updated_at: "time"
} as const

export const problemSchema = rowSchema("Freshservice problem", {
  ...shared,
  due_by: "time?",
  known_error: "boolean?",
  analysis_fields: "object?",
  associated_change: "any"
})

export const changeSchema = rowSchema("Freshservice change", {
  ...shared,
  risk: "integer?",
  change_type: "integer?",
  planned_start_date: "time?",
  planned_end_date: "time?",
  approval_status: "integer?",
  change_window_id: "integer?",
  maintenance_window: "any",
  blackout_window: "any",
  impacted_services: "any",
  planning_fields: "object?"
})

export const noteSchema = rowSchema("Freshservice note", {
  id: "integer",
  user_id: "integer?",
  body: "string?",
  body_text: "string?",
  notify_emails: "strings?",
  attachments: "objects?",
  created_at: "time",
  updated_at: "time"
})

/** Ours around the vendor's own object. */
export const fileSchema = rowSchema("Freshservice attachment", {
  id: "string",
  of: "string",
  parent: "string",
  root: "string",
  root_id: "string",
  url_hash: "string?",
  attachment: "object",
  file: "object"
})
