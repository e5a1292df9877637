// What has no field at the destination as a comment of its own: requested items, plans, causes. Pure and total.
// For Compile.ts. What does not belong here: which fields go there (the mapping's `notes`).
import type { NoteRule } from "@bridge/domain/Mapping"
import type { JsonValue } from "@bridge/domain/Records"
import type { Writer } from "./Draft.ts"
import { type Read, reader } from "./Read.ts"
import { isBlank, textOf } from "./Steps.ts"
import { escapeHtml, isBlankHtml, truncateBytes } from "./Text.ts"

/** Longer notes are cut, with a warning: the whole value stays in the archive. */
const longest = 60_000
/** Objects within objects are shown down to here, then as JSON. */
const deepest = 4

export const notesWriter = (rules: ReadonlyArray<NoteRule>): Writer => {
  const notes = rules.map((rule) => ({
    rule,
    lines: rule.lines.map(({ from, label }) => ({ label, read: reader(from) }))
  }))
  return (draft) => {
    const made = notes.flatMap(({ lines, rule }) => {
      const html = render(rule.title, lines, draft.record)
      if (html === null) return []
      if (Buffer.byteLength(html) <= longest) return [{ html_body: html, public: rule.public }]
      draft.warnings.push({ code: "truncated", message: `${rule.title}: longer than ${longest} bytes and was cut` })
      const plain = escapeHtml(html.replaceAll(/<[^>]*>/gu, " "))
      return [{ html_body: truncateBytes(plain, longest), public: rule.public }]
    })
    if (made.length > 0) draft.meta.notes = made
    return null
  }
}

const render = (
  title: string,
  lines: ReadonlyArray<{ readonly label: string; readonly read: Read }>,
  record: object
): string | null => {
  const parts = lines.flatMap(({ label, read }) => {
    const shown = valueHtml(read(record), 0)
    if (shown === null) return []
    return label === "" ? [shown] : [`<p><b>${escapeHtml(label)}:</b> ${shown}</p>`]
  })
  return parts.length === 0 ? null : `<p><b>${escapeHtml(title)}</b></p>${parts.join("")}`
}

const isObject = (value: JsonValue): value is { readonly [key: string]: JsonValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A value as people read it: lists as lists, objects as `name: value`; null when there is nothing to see. */
const valueHtml = (value: JsonValue, depth: number): string | null => {
  if (isBlank(value)) return null
  if (depth >= deepest) return escapeHtml(JSON.stringify(value))
  if (Array.isArray(value)) {
    const items = value.flatMap((one: JsonValue) => valueHtml(one, depth + 1) ?? [])
    return items.length === 0 ? null : `<ul>${items.map((item) => `<li>${item}</li>`).join("")}</ul>`
  }
  if (isObject(value)) {
    const pairs = Object.entries(value).flatMap(([name, one]) => {
      const shown = valueHtml(one, depth + 1)
      return shown === null ? [] : [`${escapeHtml(nameOf(name))}: ${shown}`]
    })
    return pairs.length === 0 ? null : pairs.join("<br>")
  }
  const text = textOf(value)
  if (!/<[a-z][^>]*>/iu.test(text)) return escapeHtml(text)
  return isBlankHtml(text) ? null : text
}

/** `rollout_plan` as `Rollout plan`. */
const nameOf = (key: string): string => {
  const words = key.replaceAll("_", " ").trim()
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}
