// The query language: "priority:>2 AND (status:2 OR agent_id:null)", in double quotes, at most 512 characters.
// `:` equals, `:>` greater or equal, `:<` less or equal; text and dates in single quotes.
import type { Row } from "../corpus/People.ts"
import { badValue, type FieldError } from "./Answers.ts"

export type RowTest = (row: Row) => boolean

type Token = { readonly kind: "and" | "or" | "open" | "close" | "term"; readonly test?: RowTest }

const term = /^([a-z_][a-z0-9_]*)\s*:\s*([<>]?)\s*(?:'([^']*)'|(-?\d+(?:\.\d+)?|true|false|null))/i

/** null when the text cannot be read; why goes into `errors`. */
export const parseQuery = (text: string, errors: Array<FieldError>): RowTest | null => {
  const refuse = (message: string): null => {
    errors.push(badValue("query", message))
    return null
  }
  if (text.length > 512) return refuse("Query must not be longer than 512 characters")
  const quoted = /^"([\s\S]*)"$/.exec(text.trim())
  if (quoted === null) return refuse("Query should be enclosed in double quotes")
  const tokens = tokenize(quoted[1] as string)
  if (tokens === null) return refuse("Given query is invalid")
  const reader = { tokens, at: 0 }
  const test = either(reader)
  return test === null || reader.at < tokens.length ? refuse("Given query is invalid") : test
}

const tokenize = (text: string): ReadonlyArray<Token> | null => {
  const tokens: Array<Token> = []
  let rest = text.trimStart()
  while (rest.length > 0) {
    const word = /^(AND|OR)\b|^[()]/i.exec(rest)?.[0]
    if (word !== undefined) {
      tokens.push({
        kind: word === "(" ? "open" : word === ")" ? "close" : word.toUpperCase() === "AND" ? "and" : "or"
      })
      rest = rest.slice(word.length).trimStart()
      continue
    }
    const match = term.exec(rest)
    if (match === null) return null
    tokens.push({
      kind: "term",
      test: comparison(match[1] as string, match[2] as string, match[3] ?? literal(match[4] as string))
    })
    rest = rest.slice(match[0].length).trimStart()
  }
  return tokens
}

const literal = (text: string): number | boolean | null => {
  if (text === "null") return null
  if (text === "true" || text === "false") return text === "true"
  return Number(text)
}

const value = (row: Row, field: string): unknown => {
  if (field === "agent_id" && row.responder_id !== undefined) return row.responder_id
  if (field === "tag") return row.tags
  if (field in row) return row[field]
  const custom = row.custom_fields
  return typeof custom === "object" && custom !== null ? (custom as Row)[field.replace(/^cf_/, "")] : undefined
}

const comparison =
  (field: string, operator: string, wanted: string | number | boolean | null): RowTest =>
  (row) => {
    const found = value(row, field)
    if (operator === "") {
      if (wanted === null) return found === null || found === undefined
      if (Array.isArray(found)) return found.includes(wanted)
      return same(found, wanted)
    }
    if (found === null || found === undefined || wanted === null) return false
    const [left, right] =
      typeof wanted === "number"
        ? [Number(found), wanted]
        : [String(found).slice(0, String(wanted).length), String(wanted)]
    return operator === ">" ? left >= right : left <= right
  }

/** A date without a time means the whole day; text ignores case. */
const same = (found: unknown, wanted: string | number | boolean): boolean => {
  if (typeof found !== "string") return found === wanted
  const text = String(wanted)
  return /^\d{4}-\d\d-\d\d$/.test(text) ? found.startsWith(text) : found.toLowerCase() === text.toLowerCase()
}

type Reader = { readonly tokens: ReadonlyArray<Token>; at: number }

const either = (reader: Reader): RowTest | null => {
  let left = both(reader)
  while (left !== null && reader.tokens[reader.at]?.kind === "or") {
    reader.at++
    const first: RowTest = left
    const second = both(reader)
    left = second === null ? null : (row) => first(row) || second(row)
  }
  return left
}

const both = (reader: Reader): RowTest | null => {
  let left = single(reader)
  while (left !== null && reader.tokens[reader.at]?.kind === "and") {
    reader.at++
    const first: RowTest = left
    const second = single(reader)
    left = second === null ? null : (row) => first(row) && second(row)
  }
  return left
}

const single = (reader: Reader): RowTest | null => {
  const token = reader.tokens[reader.at++]
  if (token?.kind === "term") return token.test ?? null
  if (token?.kind !== "open") return null
  const inner = either(reader)
  return reader.tokens[reader.at++]?.kind === "close" ? inner : null
}
