// Definitions of fields, and files, as canonical records. Pure and total. Rows of files are ours (libs/connectors/Files.ts):
// the vendor's object inside, what became of the bytes beside it.
import { attachmentStates } from "@bridge/domain/AssetRecords"
import type { EntityId } from "@bridge/domain/Entities"
import { type AttachmentParent, attachmentParents } from "@bridge/domain/Records"
import type { Json, JsonObject } from "@bridge/http/Call"
import type { Normalised } from "../Connector.ts"
import { booleanOf, idOf, listOf, objectOf, textOf, timeOf, trimmedOf } from "../Values.ts"
import { identity } from "./Normalise.ts"
import { bareName } from "./NormaliseAssets.ts"

export const file =
  (stream: string) =>
  (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
    const id = idOf(row.id)
    const parent = idOf(row.parent)
    const rootId = idOf(row.root_id)
    const owner = oneOf(row.of)
    const root = oneOf(row.root)
    if (id === null || parent === null || rootId === null || owner === null || root === null) return []
    const attachment = objectOf(row.attachment)
    const outcome = objectOf(row.file)
    const sourceId = `${stream}/${id}`
    const state = attachmentStates.find((one) => one === outcome.state) ?? "unread"
    const name = trimmedOf(attachment.name)
    return [
      {
        entity: "attachment",
        sourceId,
        parentId: rootId,
        parentEntity: root,
        record: {
          ...identity(attachment, id, sourceId),
          parent_entity: owner,
          parent,
          name,
          mime: trimmedOf(attachment.content_type),
          size: wholeOf(outcome.size) ?? wholeOf(attachment.size),
          inline: row.url_hash !== null && textOf(row.url_hash) !== null,
          url_hash: textOf(row.url_hash),
          sha256: state === "stored" ? textOf(outcome.sha256) : null,
          state,
          problem: textOf(outcome.problem),
          updated_at: timeOf(attachment.updated_at)
        }
      }
    ]
  }

const oneOf = (value: Json | undefined): AttachmentParent | null =>
  attachmentParents.find((one) => one === value) ?? null

const wholeOf = (value: Json | undefined): number | null => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null
}

/** Rows hold the number of these choices, of custom ones the text. Source: Freshservice API v2, ticket properties. */
const numbered = new Set(["default_status", "default_priority", "default_source", "default_urgency", "default_impact"])

interface Choice {
  readonly value: string
  readonly label: string
}

/** The choices of a field; what is no choice is left out. */
export const choicesOf = (field: JsonObject): ReadonlyArray<Choice> =>
  listOf(field.choices).flatMap((choice) => {
    const { id, label, value } = objectOf(choice)
    const text = textOf(value) ?? textOf(label) ?? textOf(choice)
    return text === null
      ? []
      : [{ value: (numbered.has(textOf(field.field_type) ?? "") ? idOf(id) : null) ?? text, label: text }]
  })

export const levelsOf = (field: JsonObject): ReadonlyArray<string> =>
  listOf(field.nested_fields).flatMap((level) => textOf(objectOf(level).name) ?? [])

export const isCustomField = (field: JsonObject): boolean | null => {
  const type = textOf(field.field_type) ?? ""
  if (type.startsWith("custom_") || type === "nested_field") return true
  const standard = booleanOf(field.default_field)
  return standard === null ? (type.startsWith("default_") ? false : null) : !standard
}

/** The key of a field's values is its `name`, never its label; of a type field without the id of its type. */
export const field =
  (stream: string, of: EntityId) =>
  (_config: unknown, row: JsonObject, parentId?: string | null): ReadonlyArray<Normalised> => {
    const id = idOf(row.id) ?? idOf(row.name)
    if (id === null) return []
    const sourceId = `${stream}/${id}`
    const key = trimmedOf(row.name)
    const named = key === null ? undefined : /_(\d{2,})$/u.exec(key)?.[1]
    return [
      {
        entity: "custom-field",
        sourceId,
        record: {
          ...identity(row, id, sourceId),
          for_entity: of,
          asset_type: of === "asset" ? (named ?? parentId ?? null) : null,
          name: of === "asset" && key !== null ? bareName(key) : key,
          label: textOf(row.label) ?? textOf(row.label_for_customers),
          description: textOf(row.description),
          type_raw: textOf(row.field_type) ?? textOf(row.type),
          is_custom: isCustomField(row),
          required: booleanOf(row.required) ?? booleanOf(row.required_for_agents),
          position: textOf(row.position),
          choices: choicesOf(row).map((one) => ({ ...one })),
          levels: levelsOf(row),
          updated_at: timeOf(row.updated_at)
        }
      }
    ]
  }
