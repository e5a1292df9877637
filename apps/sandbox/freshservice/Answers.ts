// Freshservice's two error envelopes, its paging parameters and its Link header.
import type { Row } from "../corpus/People.ts"
import { type Call, empty, type Headers, json, jsonText, type Reply } from "../Reply.ts"
import { joined } from "../RowCache.ts"

export type FieldError = { readonly field?: string; readonly message: string; readonly code: string }

/** All failing fields together, as the vendor does. */
export const invalid = (errors: ReadonlyArray<FieldError>): Reply =>
  json(400, { description: "Validation failed", errors })

export const unauthorized = (): Reply =>
  json(401, { code: "invalid_credentials", message: "You have to be logged in to perform this action." })

export const denied = (): Reply =>
  json(403, { code: "access_denied", message: "You are not authorized to perform this action." })

export const missingFeature = (feature: string): Reply =>
  json(403, { code: "require_feature", message: `The ${feature} feature is not supported in your plan.` })

export const notFound = (): Reply => empty(404)

export const badValue = (field: string, message: string): FieldError => ({ field, message, code: "invalid_value" })

export type Paging = { readonly page: number; readonly perPage: number }

const positive = /^[1-9]\d{0,8}$/

/** `page` from 1, `per_page` up to 100 (30 when absent); everything wrong with them goes into `errors`. */
export const paging = (query: URLSearchParams, errors: Array<FieldError>): Paging => {
  const page = query.get("page") ?? "1"
  const perPage = query.get("per_page") ?? "30"
  if (!positive.test(page)) errors.push(badValue("page", "It should be a Positive Integer"))
  if (!positive.test(perPage) || Number(perPage) > 100) {
    errors.push(badValue("per_page", "It should be a Positive Integer less than or equal to 100"))
  }
  return { page: Number(page), perPage: Number(perPage) }
}

/** Only `next`, and only when there is one; the real host name with every parameter kept. */
export const linkNext = (domain: string, call: Call, { page, perPage }: Paging, more: boolean): Headers => {
  if (!more) return {}
  const query = new URLSearchParams(call.query)
  query.set("page", String(page + 1))
  query.set("per_page", String(perPage))
  return { link: `<https://${domain}${call.path}?${query}>; rel="next"` }
}

/** A list page out of rows that are bytes already. */
export const rowsPage = (key: string, rows: ReadonlyArray<Buffer>, headers: Headers, total?: number): Reply =>
  jsonText(200, joined(`{"${key}":[`, rows, `]${total === undefined ? "" : `,"total":${total}`}}`), headers)

export const rowBytes = (row: Row): Buffer => Buffer.from(JSON.stringify(row), "utf8")
