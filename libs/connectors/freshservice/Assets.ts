// Streams of Freshservice's assets: types with their fields, assets with type fields and files, relationships; locations, and
// the definitions of fields. All are modules that a plan or role may lack. Facts: Freshservice API v2.
import type { EntityId } from "@bridge/domain/Entities"
import { type Answer, parseJson } from "@bridge/http/Call"
import { cutOne, cutPage } from "@bridge/http/Rows"
import type { Stream } from "../Connector.ts"
import { type RowForm, rowOf, rowsOf } from "../Cut.ts"
import type { Child, ChildPage, Row } from "../Row.ts"
import { listOf, objectOf } from "../Values.ts"
import { budgetOf } from "./Answers.ts"
import {
  assetSchema,
  assetTypeSchema,
  fieldSchema,
  locationSchema,
  relationSchema,
  relationTypeSchema
} from "./AssetRows.ts"
import { changingList, embeddedCost } from "./ChangingList.ts"
import type { Config } from "./Config.ts"
import { fileStream } from "./Desk.ts"
import { fileStreams, filesOfRoot } from "./FileRows.ts"
import { assetFilters } from "./Filters.ts"
import { numberedList } from "./Lists.ts"
import * as Assets from "./NormaliseAssets.ts"
import { field } from "./NormaliseFiles.ts"
import { scopedList } from "./ScopedList.ts"

const locations: Stream<Config> = {
  name: "locations",
  entity: "location",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: locationSchema,
  ...numberedList({
    stream: "locations",
    versionKey: "updated_at",
    operation: "listLocations",
    path: "/api/v2/locations",
    key: "locations",
    optional: true
  }),
  normalise: Assets.location
}

/** Grouped under headings: `{asset_type_fields: [{field_header, fields: [...]}]}`; a group without fields is a field itself. */
const typeFieldsOf = (typeId: string): Child => ({
  stream: "asset_type_fields",
  call: {
    operation: "listAssetTypeFields",
    method: "GET",
    path: `/api/v2/asset_types/${encodeURIComponent(typeId)}/fields`,
    idempotent: true
  },
  read: (answer): ChildPage => {
    const form: RowForm = { ...fieldForm("asset_type_fields"), parentId: typeId }
    const keys = ["id", "name", "updated_at"]
    const cut = cutPage(answer.body, "asset_type_fields", keys).rows.flatMap((group) =>
      group.isObject && Array.isArray(objectOf(parseJson(group.json.toString("utf8"))).fields)
        ? cutPage(group.json, "fields", keys).rows
        : [group]
    )
    return { ...rowsOf(cut, form), next: null }
  }
})

const fieldForm = (stream: string): RowForm => ({
  stream,
  versionKey: "updated_at",
  idKeys: ["id", "name"],
  sourceId: (id) => `${stream}/${id}`
})

const assetTypeList = numberedList({
  stream: "asset_types",
  versionKey: "updated_at",
  operation: "listAssetTypes",
  path: "/api/v2/asset_types",
  key: "asset_types",
  optional: true
})

const assetTypes: Stream<Config> = {
  name: "asset_types",
  entity: "asset-type",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: assetTypeSchema,
  ...assetTypeList,
  expand: (_config, row, wanted) => ({
    children: wanted.has("asset_type_fields") ? [typeFieldsOf(row.sourceId)] : []
  }),
  normalise: Assets.assetType
}

const assetTypeFields: Stream<Config> = {
  name: "asset_type_fields",
  entity: "custom-field",
  parent: "asset_types",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "missing from the type's list",
  schema: fieldSchema,
  ...assetTypeList,
  normalise: field("asset_type_fields", "asset")
}

/** `display_id` is the id in paths, in tickets and in relationships. */
const assetForm: RowForm = { stream: "assets", versionKey: "updated_at", idKeys: ["display_id", "id"] }

const assetList = changingList({
  ...assetForm,
  operation: "listAssets",
  path: "/api/v2/assets",
  key: "assets",
  budget: budgetOf.listAssets,
  query: { include: "type_fields" },
  passes: [
    ["all", {}],
    ["trashed", { trashed: true }]
  ],
  deleted: "trashed",
  // No `updated_since` and no order here.
  windowed: false,
  optional: true,
  filters: assetFilters
})

const assets: Stream<Config> = {
  name: "assets",
  entity: "asset",
  primaryKey: ["display_id"],
  cursorField: null,
  deletions: "trashed ones come through trashed=true; purged ones vanish",
  schema: assetSchema,
  ...assetList,
  expand: (_config, row, wanted) => ({
    ...(wanted.has(fileStreams.asset) && {
      // Only the detail has attachments.
      detail: {
        call: {
          operation: "viewAsset",
          method: "GET",
          path: `/api/v2/assets/${encodeURIComponent(row.sourceId)}`,
          query: { include: "type_fields" },
          cost: embeddedCost,
          idempotent: true
        } as const,
        read: (answer: Answer): Row | null => {
          const whole = rowOf(cutOne(answer.body, "asset", ["display_id", "id", "updated_at"]), assetForm)
          // The detail does not say that it is in the trash.
          return whole === null ? null : { ...whole, op: row.op }
        }
      }
    }),
    children: []
  }),
  files: filesOfRoot("asset"),
  normalise: Assets.asset
}

const relationships: Stream<Config> = {
  name: "relationships",
  entity: "relation",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: relationSchema,
  ...numberedList({
    stream: "relationships",
    versionKey: "updated_at",
    operation: "listRelationships",
    path: "/api/v2/relationships",
    key: "relationships",
    optional: true
  }),
  normalise: Assets.relation
}

/** What the numbers in `relationship_type_id` stand for. */
const relationshipTypes: Stream<Config> = {
  name: "relationship_types",
  entity: null,
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: relationTypeSchema,
  ...numberedList({
    stream: "relationship_types",
    versionKey: "updated_at",
    operation: "listRelationshipTypes",
    path: "/api/v2/relationship_types",
    key: "relationship_types",
    optional: true
  }),
  normalise: () => []
}

/** The name of the list in an answer differs between modules and accounts: one of these, or the only list there is. */
const listKey = (answer: Answer, names: ReadonlyArray<string>): string => {
  const body = objectOf(parseJson(answer.body.toString("utf8")))
  const lists = Object.keys(body).filter((key) => Array.isArray(body[key]))
  const empty = (name: string) => body[name] === null
  return names.find((name) => lists.includes(name)) ?? lists[0] ?? names.find(empty) ?? names[0] ?? ""
}

/** Definitions of the fields of one kind of record; `scoped`: workspaces have some of their own. */
const formFields = (stream: string, of: EntityId, path: string, scoped = false): Stream<Config> => ({
  name: stream,
  entity: "custom-field",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: fieldSchema,
  ...scopedList({
    ...fieldForm(stream),
    operation: `list${path.replace(/(?:^|_)([a-z])/gu, (_, letter: string) => letter.toUpperCase())}`,
    path: `/api/v2/${path}`,
    key: stream,
    keyIn: (answer) => listKey(answer, [stream, path]),
    optional: true,
    scoped
  }),
  normalise: field(stream, of)
})

export const fieldStreams: ReadonlyArray<Stream<Config>> = [
  formFields("ticket_fields", "ticket", "ticket_form_fields", true),
  formFields("problem_fields", "problem", "problem_form_fields", true),
  formFields("change_fields", "change", "change_form_fields", true),
  formFields("requester_fields", "person", "requester_fields"),
  formFields("agent_fields", "person", "agent_fields"),
  formFields("department_fields", "department", "department_fields")
]

/** Names of fields in an answer, for `discover`. */
export const fieldsIn = (answer: Answer, names: ReadonlyArray<string>) => {
  const body = parseJson(answer.body.toString("utf8"))
  return listOf(Array.isArray(body) ? body : objectOf(body)[listKey(answer, names)]).map(objectOf)
}

export const assetStreams: ReadonlyArray<Stream<Config>> = [
  locations,
  assetTypes,
  assetTypeFields,
  assets,
  fileStream(fileStreams.asset, "assets", assetList),
  relationships,
  relationshipTypes,
  ...fieldStreams
]
