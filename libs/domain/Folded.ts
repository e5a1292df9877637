// A conversation with more comments than the destination takes in one record: neighbours stand in one comment together, so that
// every word, time and author is still there, in order. Pure. For Assemble.ts.
import type { Json } from "./Canonical.ts"
import type { JsonObject } from "./Element.ts"

/** One comment of a body, and the record it comes from: null for the description. */
export interface AssembledComment {
  readonly sourceId: string | null
  /** Comments that stand in this one too, in order, since the destination takes no more (Folded.ts). */
  readonly with?: ReadonlyArray<string>
  readonly body: JsonObject
}

/** Texts up to here are taken whole by every destination we know. */
const longest = 60_000

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : String(value ?? ""))

/** What a comment of another time, and perhaps another author, begins with inside of the one before. */
const headOf = (body: JsonObject, before: JsonObject): string => {
  const author = body["author_id"]
  const by = author === before["author_id"] || author === undefined ? "" : `, by user ${textOf(author)}`
  return `<hr><p><i>${textOf(body["created_at"])}${by}</i></p>`
}

const joinable = (a: AssembledComment, b: AssembledComment, sameAuthor: boolean): boolean =>
  a.sourceId !== null &&
  b.sourceId !== null &&
  a.body["public"] === b.body["public"] &&
  (!sameAuthor || a.body["author_id"] === b.body["author_id"]) &&
  Buffer.byteLength(textOf(a.body["html_body"])) + Buffer.byteLength(textOf(b.body["html_body"])) + 200 < longest

const joined = (a: AssembledComment, b: AssembledComment): AssembledComment => ({
  ...a,
  with: [...(a.with ?? []), ...(b.sourceId === null ? [] : [b.sourceId]), ...(b.with ?? [])],
  body: {
    ...a.body,
    html_body: `${textOf(a.body["html_body"])}${headOf(b.body, a.body)}${textOf(b.body["html_body"])}`
  }
})

/**
 * At most `most` comments: neighbours of one author are joined first, then neighbours of any author, never a public one with
 * an internal one. What cannot be brought under `most` so is as long as it gets.
 */
export const folded = (comments: ReadonlyArray<AssembledComment>, most: number): ReadonlyArray<AssembledComment> => {
  let list = comments
  for (const sameAuthor of [true, false]) {
    let surplus = list.length - most
    if (surplus <= 0) return list
    const out: Array<AssembledComment> = []
    for (const comment of list) {
      const before = out.at(-1)
      if (surplus > 0 && before !== undefined && joinable(before, comment, sameAuthor)) {
        out[out.length - 1] = joined(before, comment)
        surplus--
      } else out.push(comment)
    }
    list = out
  }
  return list
}
