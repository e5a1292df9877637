// What a vendor answers, before faults and the socket touch it.
// Bodies are text or bytes that are already serialised, or bytes that are made while they are sent.
import type { Bytes } from "./Bytes.ts"

export type Headers = Record<string, string>

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly body: string | Buffer | Bytes
}

/** A call as the vendors see it; the body has been read whole. */
export type Call = {
  readonly method: string
  /** Host header without the port, lower case. */
  readonly host: string
  /** Path without the query, as sent. */
  readonly path: string
  readonly query: URLSearchParams
  /** Text behind `?`, as sent. */
  readonly search: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: Buffer
  /** A file that was sent; its body is not among `body`. */
  readonly file: SentFile | null
  readonly requestId: string
}

/** A file that came in, put away as it came. */
export type SentFile = { readonly bytes: Bytes; readonly sha256: string }

/** What a vendor gives back to the server: the answer and the name the call is counted under. */
export type Answered = { readonly reply: Reply; readonly operation: string; readonly account: string | null }

export const json = (status: number, value: unknown, headers: Headers = {}): Reply =>
  jsonText(status, JSON.stringify(value), headers)

export const jsonText = (status: number, body: string | Buffer, headers: Headers = {}): Reply => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body
})

export const empty = (status: number, headers: Headers = {}): Reply => ({ status, headers, body: "" })

export const text = (status: number, body: string, headers: Headers = {}): Reply => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  body
})

export const xml = (status: number, body: string): Reply => ({
  status,
  headers: { "content-type": "application/xml" },
  body
})

export const html = (status: number, body: string): Reply => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8" },
  body
})

/** A header's single value. */
export const header = (call: Call, name: string): string | undefined => {
  const value = call.headers[name]
  return typeof value === "string" ? value : value?.[0]
}

/** The JSON object in the body, or undefined when there is none. */
export const jsonBody = (call: Call): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(call.body.toString("utf8"))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
