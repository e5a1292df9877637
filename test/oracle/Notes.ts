// Comments of ours: what Zendesk has no field for stands in a private note behind the description, under a title of its own
// (docs/mapping.md). What must be readable there, and what is. Layout is not looked at. For Work.ts and Picture.ts.
import { isBlank } from "./Rules.ts"
import type { SourceMatter } from "./SourceRows.ts"
import type { Corpus, FoundComment } from "./Truth.ts"

/** A note that must be there, with texts that must be readable in it. */
export interface NoteWanted {
  readonly title: string
  readonly words: ReadonlyArray<string>
}

export const noteTitles = ["Requested items", "Links at the source", "Analysis", "Change plan"] as const

/** The title of a comment that is a note of ours. */
export const titleOf = (comment: FoundComment): string | undefined =>
  noteTitles.find((title) => comment.html_body.startsWith(`<p><b>${title}</b></p>`))

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " }

/** As a person reads it. */
export const textOf = (html: string): string =>
  html
    .replaceAll(/<\/?[a-z][^>]*>/gi, " ")
    .replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => entities[name] ?? "")
    .replaceAll(/\s+/g, " ")
    .trim()

/** What the note does not tell. */
export const untold = ({ words }: NoteWanted, text: string): ReadonlyArray<string> => {
  const told = ` ${text.replaceAll(/[,;:]/g, " ").replaceAll(/\s+/g, " ")} `
  return words.filter((word) => {
    const one = word.replaceAll(/[,;:]/g, " ").replaceAll(/\s+/g, " ").trim()
    return /^\d+$/.test(one) ? !told.includes(` ${one} `) : !told.includes(one)
  })
}

const note = (title: (typeof noteTitles)[number], words: ReadonlyArray<unknown>): ReadonlyArray<NoteWanted> => {
  const told = words.flatMap((word) =>
    word === null || word === undefined || isBlank(textOf(String(word))) ? [] : [textOf(String(word))]
  )
  return told.length === 0 ? [] : [{ title, words: told }]
}

export const ticketNotes = (line: Corpus["ticket"]): ReadonlyArray<NoteWanted> => [
  ...note(
    "Requested items",
    (line.requested_items ?? []).flatMap((item) => [item.service_item_name, item.quantity])
  ),
  ...note("Links at the source", [
    ...(line.asset_display_ids ?? []),
    line.change_id,
    line.parent_id,
    ...(line.row.cc_emails ?? [])
  ])
]

export const assetsOf = ({ assets }: SourceMatter): ReadonlyArray<number> =>
  (assets ?? []).map((asset) => asset.display_id)
const placeOf = ({ category, item_category, sub_category }: SourceMatter) => [category, sub_category, item_category]

const levels = ["low", "medium", "high"]
const levelOf = ({ impact }: SourceMatter): string | null => (impact === null ? null : (levels[impact - 1] ?? null))

export const problemNotes = (row: SourceMatter): ReadonlyArray<NoteWanted> =>
  note("Analysis", [
    ...["problem_cause", "problem_symptom", "problem_impact"].map((name) => row.analysis_fields?.[name]),
    levelOf(row),
    ...placeOf(row),
    row.due_by,
    ...assetsOf(row)
  ])

const texts = (value: unknown): ReadonlyArray<unknown> =>
  typeof value === "object" && value !== null ? Object.values(value).filter((one) => typeof one === "string") : [value]

export const changeNotes = (row: SourceMatter): ReadonlyArray<NoteWanted> =>
  note("Change plan", [
    ...["reason_for_change", "change_impact", "rollout_plan", "backout_plan"].flatMap((name) =>
      texts(row.planning_fields?.[name])
    ),
    levelOf(row),
    ...placeOf(row),
    row.planned_start_date,
    row.planned_end_date,
    ...assetsOf(row)
  ])
