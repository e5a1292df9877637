// Long texts as comments: of a ticket its description (the first comment), of a comment its body. Pure and total.
// For Compile.ts. What does not belong here: cutting by bytes (Text.ts).
import type { Text } from "@bridge/domain/Element"
import type { TextRule } from "@bridge/domain/Mapping"
import type { JsonValue } from "@bridge/domain/Records"
import type { Draft, Writer } from "./Draft.ts"
import { refWriter } from "./Fields.ts"
import { firstReader, type Read } from "./Read.ts"
import { isBlank, textOf } from "./Steps.ts"
import { escapeHtml, isBlankHtml, splitBytes, truncateBytes } from "./Text.ts"

/** `description`: into `meta.description`, with its author; else into the body. */
export const textWriter = (rule: TextRule, description: boolean): Writer => {
  const read = textReader(rule)
  if (!description) {
    return (draft) => {
      const text = read(draft)
      draft.body.html_body = text.html_body
      if (text.more !== undefined) draft.meta.more = text.more
      return null
    }
  }
  const author = rule.author === undefined ? undefined : firstReader(rule.author.from)
  const refer = refWriter("meta.description.author_id", {
    entity: "person",
    missing: rule.author?.missing ?? "placeholder"
  })
  return (draft) => {
    const { created_at } = draft.body
    draft.meta.description = {
      ...read(draft),
      created_at: typeof created_at === "string" ? created_at : null,
      public: true
    }
    return author === undefined ? null : refer(draft, author(draft.record))
  }
}

const textReader = (rule: TextRule): ((draft: Draft) => Text) => {
  const html = firstReader(rule.html)
  const text = firstReader(rule.text)
  const limit = limiter(rule)
  return (draft) => limit(visible(html, text, draft.record) ?? fallback(rule, draft), draft)
}

const visible = (html: Read, text: Read, record: object): string | null => {
  const rich: JsonValue = html(record)
  if (!isBlank(rich)) {
    const body = textOf(rich)
    if (!isBlankHtml(body)) return body
  }
  const plain: JsonValue = text(record)
  return isBlank(plain) ? null : escapeHtml(textOf(plain))
}

const fallback = (rule: TextRule, draft: Draft): string => {
  draft.warnings.push({ code: "empty-text", message: `the text is empty: "${rule.fallback}" stands in for it` })
  return escapeHtml(rule.fallback)
}

const limiter =
  ({ bytes, oversize }: TextRule) =>
  (html: string, draft: Draft): Text => {
    if (html.length * 3 <= bytes || Buffer.byteLength(html) <= bytes) return { html_body: html }
    if (oversize === "truncate") {
      draft.warnings.push({ code: "truncated", message: `the text is longer than ${bytes} bytes and was cut` })
      return { html_body: truncateBytes(html, bytes) }
    }
    const [first = "", ...more] = splitBytes(html, bytes)
    draft.warnings.push({
      code: "split",
      message: `the text is longer than ${bytes} bytes: ${more.length + 1} comments`
    })
    return { html_body: first, more }
  }
