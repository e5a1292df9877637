// Canonical records to test with: complete, ordinary ones; a test changes the field it is about.
import type { AssetRecord, AssetTypeRecord, LocationRecord, ProblemRecord } from "@bridge/domain/AssetRecords"
import type { CommentRecord, DepartmentRecord, GroupRecord, PersonRecord, TicketRecord } from "@bridge/domain/Records"

const identity = (id: string) => ({
  source_id: id,
  native_id: id,
  source_updated_at: "2024-05-11T08:00:00Z",
  created_at: "2024-05-10T11:32:29Z"
})

export const ticket = (changes: Partial<TicketRecord> = {}): TicketRecord => ({
  ...identity("17"),
  display_number: "17",
  subject: "Printer on fire",
  description_html: "<div>It burns.</div>",
  description_text: "It burns.",
  kind: "incident",
  type_raw: "Incident",
  status: "open",
  status_raw: "2",
  priority: "medium",
  priority_raw: "2",
  impact: "low",
  urgency: "high",
  source_channel: "portal",
  source_channel_raw: "2",
  requester: "501",
  requested_for: "501",
  submitted_by: null,
  assignee: "401",
  group: "301",
  organization: null,
  department: "201",
  category: "Hardware",
  sub_category: "Printer",
  item: null,
  tags: ["Laptop", "remote user"],
  watchers: [],
  problem_ref: null,
  change_ref: null,
  parent_ref: null,
  assets: [],
  requested_items: [],
  due_at: "2024-05-20T00:00:00Z",
  first_response_due_at: null,
  updated_at: "2024-05-11T08:00:00Z",
  resolved_at: null,
  closed_at: null,
  resolution: null,
  deleted: false,
  spam: false,
  external_id: null,
  custom: {},
  ...changes
})

export const comment = (changes: Partial<CommentRecord> = {}): CommentRecord => ({
  ...identity("9001"),
  parent_entity: "ticket",
  ticket: "17",
  author: "401",
  visibility: "public",
  direction: "outgoing",
  html: "<p>On it.</p>",
  text: "On it.",
  channel: "email",
  channel_raw: "0",
  updated_at: null,
  ...changes
})

export const person = (changes: Partial<PersonRecord> = {}): PersonRecord => ({
  ...identity("501"),
  source_id: "requesters/501",
  email: "Ada@Acme.example",
  other_emails: [],
  first_name: "Ada",
  last_name: "Lovelace",
  name: "Ada Lovelace",
  phone: "+49 89 123456",
  mobile: null,
  title: "Analyst",
  departments: ["201"],
  location: null,
  manager: null,
  active: true,
  vip: false,
  language: "en",
  time_zone: "Berlin",
  external_id: null,
  is_agent: false,
  role: null,
  tags: [],
  notes: null,
  updated_at: null,
  custom: {},
  ...changes
})

export const group = (changes: Partial<GroupRecord> = {}): GroupRecord => ({
  ...identity("301"),
  name: "Service Desk",
  description: null,
  manager: null,
  active: true,
  updated_at: null,
  custom: {},
  ...changes
})

export const department = (changes: Partial<DepartmentRecord> = {}): DepartmentRecord => ({
  ...identity("201"),
  name: "Finance",
  description: null,
  notes: null,
  domains: [],
  head: null,
  primary_contact: null,
  external_id: null,
  tags: [],
  updated_at: null,
  custom: {},
  ...changes
})

export const location = (changes: Partial<LocationRecord> = {}): LocationRecord => ({
  ...identity("9"),
  name: "Bern",
  parent: null,
  line1: null,
  line2: null,
  city: null,
  state: null,
  zip: null,
  country: null,
  contact_name: null,
  primary_contact: null,
  phone: null,
  email: null,
  updated_at: null,
  ...changes
})

export const assetType = (changes: Partial<AssetTypeRecord> = {}): AssetTypeRecord => ({
  ...identity("12"),
  name: "Laptop",
  description: null,
  parent: null,
  visible: true,
  updated_at: null,
  ...changes
})

export const asset = (changes: Partial<AssetRecord> = {}): AssetRecord => ({
  ...identity("1"),
  display_number: "1",
  name: "Laptop 1",
  description: null,
  type: "12",
  asset_tag: null,
  serial_number: null,
  model: null,
  vendor: null,
  state: "in_use",
  state_raw: "In Use",
  usage_type: null,
  impact: null,
  used_by: null,
  managed_by: null,
  group: null,
  department: null,
  location: null,
  cost: null,
  acquired_at: null,
  warranty_until: null,
  end_of_life: null,
  assigned_at: null,
  deleted: null,
  updated_at: null,
  custom: {},
  ...changes
})

export const problem = (changes: Partial<ProblemRecord> = {}): ProblemRecord => ({
  ...identity("5"),
  display_number: "5",
  subject: "Fans stop",
  description_html: "<p>Fans</p>",
  description_text: "Fans",
  status: "open",
  status_raw: "1",
  priority: "medium",
  priority_raw: "2",
  impact: null,
  known_error: null,
  requester: "501",
  assignee: null,
  group: null,
  department: null,
  category: null,
  sub_category: null,
  item: null,
  cause: null,
  symptom: null,
  impact_text: null,
  change_ref: null,
  assets: [],
  tags: [],
  due_at: null,
  closed_at: null,
  deleted: null,
  updated_at: null,
  custom: {},
  ...changes
})
