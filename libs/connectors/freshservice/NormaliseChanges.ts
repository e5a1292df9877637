// Problems, changes and their notes as canonical records. Pure and total. Codes: Freshservice API v2, "Problem properties",
// "Change properties"; the pairing of states with canonical words is ours.
import type { ChangeRisk, ChangeStatus, ChangeType, ProblemStatus } from "@bridge/domain/AssetRecords"
import type { Json, JsonObject } from "@bridge/http/Call"
import type { Normalised } from "../Connector.ts"
import { booleanOf, customOf, idOf, objectOf, textOf, textsOf, timeOf, wordOf } from "../Values.ts"
import { assetsOf, identity, levels, priorities, refOf } from "./Normalise.ts"

const problemStatuses: Readonly<Record<string, ProblemStatus>> = { 1: "open", 2: "fix_in_progress", 3: "closed" }
const changeStatuses: Readonly<Record<string, ChangeStatus>> = {
  1: "draft",
  2: "planning",
  3: "approval",
  4: "scheduled",
  5: "review",
  6: "closed"
}
const changeTypes: Readonly<Record<string, ChangeType>> = { 1: "minor", 2: "standard", 3: "major", 4: "emergency" }
const risks: Readonly<Record<string, ChangeRisk>> = { 1: "low", 2: "medium", 3: "high", 4: "very_high" }

/** What problems and changes share. */
const shared = (row: JsonObject, id: string) => ({
  ...identity(row, id),
  display_number: id,
  subject: textOf(row.subject),
  description_html: textOf(row.description),
  description_text: textOf(row.description_text),
  status_raw: textOf(row.status),
  priority: wordOf(priorities, row.priority),
  priority_raw: textOf(row.priority),
  impact: wordOf(levels, row.impact),
  requester: idOf(row.requester_id),
  assignee: idOf(row.agent_id) ?? idOf(row.responder_id),
  group: idOf(row.group_id),
  department: idOf(row.department_id),
  category: textOf(row.category),
  sub_category: textOf(row.sub_category),
  item: textOf(row.item_category),
  assets: assetsOf(row.assets),
  tags: textsOf(row.tags),
  closed_at: timeOf(row.closed_at),
  deleted: booleanOf(row.deleted),
  updated_at: timeOf(row.updated_at),
  custom: customOf(row.custom_fields)
})

export const problem = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const analysis = objectOf(row.analysis_fields)
  return [
    {
      entity: "problem",
      sourceId: id,
      record: {
        ...shared(row, id),
        status: wordOf(problemStatuses, row.status),
        known_error: booleanOf(row.known_error),
        cause: longText(analysis.problem_cause ?? row.problem_cause),
        symptom: longText(analysis.problem_symptom ?? row.problem_symptom),
        impact_text: longText(analysis.problem_impact ?? row.problem_impact),
        change_ref: refOf(row.associated_change),
        due_at: timeOf(row.due_by)
      }
    }
  ]
}

export const change = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  return [
    {
      entity: "change",
      sourceId: id,
      record: {
        ...shared(row, id),
        status: wordOf(changeStatuses, row.status),
        type: wordOf(changeTypes, row.change_type),
        type_raw: textOf(row.change_type),
        risk: wordOf(risks, row.risk),
        risk_raw: textOf(row.risk),
        approval_status: textOf(row.approval_status_name) ?? textOf(row.approval_status),
        planned_start_at: timeOf(row.planned_start_date),
        planned_end_at: timeOf(row.planned_end_date),
        planning: plansOf(row.planning_fields)
      }
    }
  ]
}

/** A plan is told as HTML and as plain text: once is enough. */
const plansOf = (value: Json | undefined) =>
  Object.fromEntries(
    Object.entries(customOf(value)).map(([name, plan]) => {
      const { description, description_text, ...rest } = objectOf(plan)
      const text = longText({ description: description ?? null, description_text: description_text ?? null })
      if (text === null) return [name, plan]
      return [name, Object.keys(rest).length === 0 ? text : { ...rest, description: text }]
    })
  )

/** A text, or the one inside an object that an account may have instead (`{description, description_text}`). */
const longText = (value: Json | undefined): string | null => {
  const inside = objectOf(value)
  return textOf(value) ?? textOf(inside.description) ?? textOf(inside.description_text)
}

const note =
  (parent: "problem" | "change", stream: string) =>
  (_config: unknown, row: JsonObject, parentId?: string | null): ReadonlyArray<Normalised> => {
    const id = idOf(row.id)
    const of = idOf(row[`${parent}_id`]) ?? parentId ?? null
    if (id === null || of === null || of === "") return []
    // Conversations and notes count for themselves: the stream in front keeps them apart, for references too.
    const sourceId = `${stream}/${id}`
    const hidden = booleanOf(row.private)
    return [
      {
        entity: "comment",
        sourceId,
        parentId: of,
        parentEntity: parent,
        record: {
          ...identity(row, sourceId),
          parent_entity: parent,
          ticket: of,
          author: idOf(row.user_id),
          // Notes of problems and changes are for agents.
          visibility: hidden === false ? "public" : "private",
          direction: null,
          html: textOf(row.body),
          text: textOf(row.body_text),
          channel: "note",
          channel_raw: textOf(row.source),
          updated_at: timeOf(row.updated_at)
        }
      }
    ]
  }

export const problemNote = note("problem", "problem_notes")
export const changeNote = note("change", "change_notes")
