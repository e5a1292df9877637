// One exchange with a vendor as data: the call, the answer, what it means, what limits it shows. For libs/http and connectors.
// What does not belong here: anything of one vendor, anything that runs.

/** Plain JSON. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** One HTTP call, as data. The engine authorises, paces, retries and measures it. */
export interface Call {
  /** Stable name for spans, metrics, ledgers of calls: `listTickets`. */
  readonly operation: string
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Absolute path on the vendor's host (`/api/v2/tickets`), or a full https URL that the vendor gave (next links). */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: JsonObject
  /** In place of `body`: a file, as it is. */
  readonly bytes?: Uint8Array
  /** What the file is said to be, by whomever: as far as it is a media type it becomes the `content-type`. */
  readonly bytesType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Endpoint class whose sub-limit applies beside the account's budget: `tickets.list`. */
  readonly budget?: string
  /** What it takes of the limits, where that is more than one: embedded things are charged too. */
  readonly cost?: number
  /** A read whose answer is a file: its bytes are no JSON, and a redirect may lead to any public host, without credentials. */
  readonly file?: true
  /** True when repeating the call cannot do harm (all reads). Writes are never repeated by libs/http. */
  readonly idempotent: boolean
}

/** An answer with the body's bytes untouched (decompressed only). Header names are lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The body did not have the vendor's shape. We act; it is asked for twice more, then a row is read without that part. */
export class Malformed extends Error {
  readonly _tag = "Malformed"
}

/** JSON text to a value; `Malformed` where JSON.parse throws. */
export const parseJson = (text: string): Json => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Malformed(error instanceof Error ? error.message : "no JSON")
  }
}

/** What a vendor's answer to a write or read means. Pure: the connector knows its vendor's bodies. */
export type Verdict =
  | { readonly _tag: "Ok" }
  /** `scope: "call"`: only this kind of call must wait (too many vendor jobs); else the whole connection does. */
  | { readonly _tag: "Throttled"; readonly retryAfterMillis?: number; readonly scope?: "connection" | "call" }
  | { readonly _tag: "Transient"; readonly message: string; readonly retryAfterMillis?: number }
  | { readonly _tag: "Refused"; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly _tag: "AuthRejected"; readonly message: string }
  | { readonly _tag: "Gone"; readonly message: string }

/** Form of a limit as the vendor documents it; the pacer corrects it from headers and answers. */
export interface Budget {
  /** `account` or an endpoint class. */
  readonly name: string
  readonly limit: number
  readonly windowMillis: number
  readonly form: "fixed" | "sliding" | "bucket" | "unknown"
  /**
   * The vendor names this limit in the headers of every answer. Where an account's answers do not, `limit` is not held to:
   * there is none that we know, until a 429 shows one.
   */
  readonly told?: boolean
}

/** Reads a vendor's limit headers. All numbers are in units of calls and milliseconds. */
export interface LimitReading {
  readonly budget: string
  readonly limit?: number
  /** The limit is no less than this, by what is known of another one. */
  readonly atLeast?: number
  readonly remaining?: number
  /** Milliseconds until the window starts anew. */
  readonly resetMillis?: number
  /** What this call cost. */
  readonly used?: number
}

/**
 * What the HTTP path must know of a vendor. Functions are methods so that a vendor with its own type of configuration is
 * also a `Vendor<unknown>`: whoever pairs vendor and configuration has decoded the one with the other.
 */
export interface Vendor<C> {
  readonly vendor: string
  /** The vendor's host for this configuration: `acme.freshservice.com`. */
  host(config: C): string
  /** Hosts that a redirect or a given link may name: `*.freshservice.com`. */
  readonly hostPattern: string
  /** Headers that authorise a call. */
  authorise(config: C): Readonly<Record<string, string>>
  budgets(config: C): ReadonlyArray<Budget>
  /** Reads limits from any answer's headers. */
  limits(call: Call, answer: Answer): ReadonlyArray<LimitReading>
  /** What an answer means, for reads and writes alike. */
  verdict(call: Call, answer: Answer): Verdict
}

/** One tenant's access to one vendor account. */
export interface Connection {
  readonly tenantId: string
  readonly connectionId: string
  readonly connector: Vendor<unknown>
  /** Decoded by the connector's own schema; its secrets are `Redacted`. */
  readonly config: unknown
  /** Part of the vendor's limits that we may use, above 0 and up to 1. */
  readonly share: number
}
