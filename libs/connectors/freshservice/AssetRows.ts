// The shapes of assets, asset types, relationships, locations and definitions of fields as JSON Schema. Source: Freshservice API
// v2, the attribute tables of each resource.
import { rowSchema } from "../RowSchema.ts"

export const assetSchema = rowSchema("Freshservice asset", {
  id: "integer",
  display_id: "integer",
  workspace_id: "integer?",
  name: "string?",
  description: "string?",
  asset_type_id: "integer?",
  impact: "string?",
  usage_type: "string?",
  author_type: "string?",
  asset_tag: "string?",
  user_id: "integer?",
  agent_id: "integer?",
  group_id: "integer?",
  department_id: "integer?",
  location_id: "integer?",
  assigned_on: "time?",
  end_of_life: "time?",
  type_fields: "object?",
  attachments: "objects?",
  created_at: "time",
  updated_at: "time"
})

export const assetTypeSchema = rowSchema("Freshservice asset type", {
  id: "integer",
  name: "string?",
  description: "string?",
  parent_asset_type_id: "integer?",
  visible: "boolean?",
  created_at: "time?",
  updated_at: "time?"
})

export const relationSchema = rowSchema("Freshservice relationship", {
  id: "integer",
  relationship_type_id: "integer?",
  primary_id: "integer?",
  primary_type: "string?",
  secondary_id: "integer?",
  secondary_type: "string?",
  created_at: "time?",
  updated_at: "time?"
})

export const relationTypeSchema = rowSchema("Freshservice relationship type", {
  id: "integer",
  downstream_relation: "string?",
  upstream_relation: "string?",
  default: "boolean?",
  created_at: "time?",
  updated_at: "time?"
})

export const locationSchema = rowSchema("Freshservice location", {
  id: "integer",
  name: "string?",
  parent_location_id: "integer?",
  primary_contact_id: "integer?",
  contact_name: "string?",
  email: "string?",
  phone: "string?",
  address: "any",
  created_at: "time?",
  updated_at: "time?"
})

export const fieldSchema = rowSchema("Freshservice field", {
  id: "integer",
  workspace_id: "integer?",
  name: "string?",
  label: "string?",
  description: "string?",
  field_type: "string?",
  required: "boolean?",
  position: "integer?",
  default_field: "boolean?",
  choices: "any",
  nested_fields: "any",
  created_at: "time?",
  updated_at: "time?"
})
