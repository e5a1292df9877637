// What a vendor connector declares: configuration, budgets, streams to read and sinks to write. For engines (extractor,
// loader, `bridge connector`). What does not belong here: loops, sleeps, retries, counts, logs, Kafka, Postgres.
import type { Schema } from "effect"
import type { EntityId } from "@bridge/domain/Entities"

/** Plain JSON. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** One HTTP call, as data. The engine authorises, paces, retries and measures it (libs/http). */
export interface Call {
  /** Stable name for spans, metrics, ledgers of calls: `listTickets`. */
  readonly operation: string
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Absolute path on the vendor's host (`/api/v2/tickets`), or a full https URL that the vendor gave (next links). */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: JsonObject
  readonly headers?: Readonly<Record<string, string>>
  /** Endpoint class whose sub-limit applies beside the account's budget: `tickets.list`. */
  readonly budget?: string
  /** True when repeating the call cannot do harm (all reads). Writes are never repeated by libs/http. */
  readonly idempotent: boolean
}

/** An answer with the body's bytes untouched. Header names are lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** One row cut out of an answer: the vendor's own bytes, never re-stringified. */
export interface Row {
  /** The canonical source id: unique within the entity (`<stream>/<id>` where two streams feed one entity). */
  readonly sourceId: string
  readonly parentId?: string
  /** Sortable version of the row as the vendor gives it (updated_at, generated_timestamp), else "". */
  readonly version: string
  readonly op: "upsert" | "delete"
  /** JSON text of the row, byte for byte. */
  readonly json: Buffer
}

/** Where to go on. JSON, stored in `job_streams.checkpoint` and printed as state by `bridge connector read`. */
export type Cursor = JsonObject

export interface ReadOptions {
  /** Read rows changed at or after this UTC instant (ISO 8601), where the vendor can. */
  readonly since?: string
  readonly until?: string
  readonly filters?: JsonObject
  /** UTC instant of the start of the read, fixed for the whole stream. */
  readonly now: string
}

/** One page of a stream. */
export interface Page {
  readonly rows: ReadonlyArray<Row>
  /** Null when the stream has ended. */
  readonly next: Cursor | null
}

/** Calls that complete one listed row: its detail (replaces the row) and its children (feed other streams). */
export interface Expansion {
  readonly detail?: { readonly call: Call; readonly read: (answer: Answer) => Row | null }
  /** `pages`: the child list from its first page; `read` gives rows and the next call, or null at the end. */
  readonly children: ReadonlyArray<{
    readonly stream: string
    readonly call: Call
    readonly read: (answer: Answer) => { readonly rows: ReadonlyArray<Row>; readonly next: Call | null }
  }>
}

/** A stream of rows. Either it has pages of its own, or it is the child of another stream (`parent`). */
export interface Stream<C> {
  readonly name: string
  readonly entity: EntityId
  /** Present when rows come only as children of another stream (conversations of tickets). */
  readonly parent?: string
  readonly primaryKey: ReadonlyArray<string>
  readonly cursorField: string | null
  /** How deletions show: words for people and `discover`. */
  readonly deletions: string
  /** Draft-07 JSON Schema of the vendor's row (additionalProperties allowed). */
  readonly schema: JsonObject
  readonly start: (config: C, options: ReadOptions) => Cursor
  readonly page: (config: C, cursor: Cursor) => Call
  /** Pages that may be asked for before the answer to this one is known (numbered pages): the cursor of page +n. */
  readonly ahead?: (cursor: Cursor, n: number) => Cursor | null
  /** Throws `Malformed` for a body that is not a page. `rows` that are not objects with an id are given as poison. */
  readonly read: (config: C, cursor: Cursor, answer: Answer) => Page
  /** List + detail: what completes one row; `wanted` are the child streams the job asks for. */
  readonly expand?: (config: C, row: Row, wanted: ReadonlySet<string>) => Expansion
  /** The records one row yields, with their canonical fields. Pure and total: a fault is a `Malformed` value. */
  readonly normalise: (config: C, row: JsonObject) => ReadonlyArray<Normalised>
}

/** One canonical record out of a row (libs/domain/Records.ts gives the shape per entity). */
export interface Normalised {
  readonly entity: EntityId
  readonly sourceId: string
  readonly parentId?: string
  readonly record: JsonObject
}

/** The body did not have the vendor's shape. We act; the page is retried once, then the row or page is a dead letter. */
export class Malformed extends Error {
  readonly _tag = "Malformed"
}

/** What a vendor's answer to a write or read means. Pure: the connector knows its vendor's bodies. */
export type Verdict =
  | { readonly _tag: "Ok" }
  | { readonly _tag: "Throttled"; readonly retryAfterMillis?: number }
  | { readonly _tag: "Transient"; readonly message: string }
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
}

/** Reads a vendor's limit headers. All numbers are in units of calls and milliseconds. */
export interface LimitReading {
  readonly budget: string
  readonly limit?: number
  readonly remaining?: number
  readonly resetMillis?: number
  readonly used?: number
}

/** One aggregate to write: a root record with what is written in the same breath (a ticket with its comments). */
export interface Write {
  readonly entity: EntityId
  readonly sourceId: string
  /** The key the destination keeps (`external_id`): `{vendor}:{instance}:{entity}:{id}`. */
  readonly sourceKey: string
  /** Destination body with references already filled in. */
  readonly body: JsonObject
  /** Present when the destination record is known: an update. */
  readonly destinationId?: string
}

export type WriteOutcome =
  | { readonly _tag: "Created"; readonly destinationId: string }
  | { readonly _tag: "Matched"; readonly destinationId: string }
  | { readonly _tag: "Updated"; readonly destinationId: string }
  | { readonly _tag: "Failed"; readonly code: string; readonly message: string; readonly hint: string }
  /** The vendor may or may not have done it: look up before anything else. */
  | { readonly _tag: "Unknown"; readonly message: string }

/** What one bulk or single call answered: results per write (by index), or a vendor job to poll. */
export type SinkAnswer =
  | { readonly _tag: "Results"; readonly outcomes: ReadonlyArray<WriteOutcome> }
  | { readonly _tag: "Job"; readonly jobId: string }
  | { readonly _tag: "Busy"; readonly retryAfterMillis: number }
  /** The whole batch was refused: write one by one. */
  | { readonly _tag: "BatchRefused"; readonly code: string; readonly message: string; readonly hint: string }

/** A thing that can be written. Pure descriptions of calls and readings of answers; the loader loops, waits and looks up. */
export interface Sink<C> {
  readonly entity: EntityId
  /** The stream name used by `bridge connector write --stream S`. */
  readonly stream: string
  /** Entities written inside the same call (comments of a ticket). */
  readonly parts: ReadonlyArray<EntityId>
  /** Most records in one call. */
  readonly batchSize: number
  /** Most bytes of JSON in one call. */
  readonly batchBytes: number
  /** Create calls for many (bulk) and one. */
  readonly createMany?: (config: C, writes: ReadonlyArray<Write>) => Call
  readonly createOne: (config: C, write: Write) => Call
  readonly update?: (config: C, write: Write) => Call
  readonly readAnswer: (config: C, writes: ReadonlyArray<Write>, answer: Answer) => SinkAnswer
  /** Vendor jobs. */
  readonly jobStatus?: (config: C, jobId: string) => Call
  readonly readJob?: (
    config: C,
    writes: ReadonlyArray<Write>,
    answer: Answer
  ) =>
    | { readonly _tag: "Pending"; readonly pollAfterMillis: number }
    | { readonly _tag: "Done"; readonly outcomes: ReadonlyArray<WriteOutcome> }
    | { readonly _tag: "Lost"; readonly message: string }
  /** The vendor's jobs that may still be working (for a lost answer): the call, and whether all have ended. */
  readonly openJobs?: { readonly call: (config: C) => Call; readonly read: (answer: Answer) => { readonly open: ReadonlyArray<string>; readonly known: boolean } }
  /** Looks a record up by its source key. `strong` is read-your-writes; else it lags by `lagMillis`. */
  readonly lookup: ReadonlyArray<{
    readonly name: string
    readonly strong: boolean
    readonly lagMillis: number
    readonly call: (config: C, write: Write) => Call
    /** The destination ids found, oldest first (more than one is a double). */
    readonly read: (write: Write, answer: Answer) => ReadonlyArray<string>
  }>
  /** Finds one that is already there by its natural key (e-mail, name) and may be matched, never changed. */
  readonly match?: ReadonlyArray<{
    readonly name: string
    readonly call: (config: C, write: Write) => Call | null
    readonly read: (write: Write, answer: Answer) => ReadonlyArray<string>
  }>
  /** Reads a destination record back for the audit. */
  readonly readBack: { readonly stream: string; readonly sourceKey: (row: JsonObject) => string | null; readonly lagMillis: number }
  /** Removes what was created (undo). */
  readonly remove?: (config: C, destinationId: string) => Call
}

export interface Connector<C> {
  readonly vendor: string
  readonly title: string
  /** Decodes and checks a configuration; the JSON Schema of the form comes from it. Secrets decode to Redacted. */
  readonly config: Schema.Codec<C, JsonObject>
  /** Keys of the configuration that are secret (stored in the vault, never shown). */
  readonly secrets: ReadonlyArray<string>
  /** The vendor's host for this configuration: `acme.freshservice.com`. */
  readonly host: (config: C) => string
  /** Hosts that a redirect or a given link may name: `*.freshservice.com`. */
  readonly hostPattern: string
  /** Normalised account name, stable over re-created connections: `acme`. */
  readonly instance: (config: C) => string
  /** Headers that authorise a call. */
  readonly authorise: (config: C) => Readonly<Record<string, string>>
  readonly budgets: (config: C) => ReadonlyArray<Budget>
  /** Reads limits from any answer's headers. */
  readonly limits: (call: Call, answer: Answer) => ReadonlyArray<LimitReading>
  /** What an answer means, for reads and writes alike. */
  readonly verdict: (call: Call, answer: Answer) => Verdict
  /** Calls that prove the credentials, and what an Ok answer must hold; `null` is good, text says what is wrong. */
  readonly check: { readonly call: (config: C) => Call; readonly read: (answer: Answer) => string | null }
  /** Custom field definitions and the like at run time: calls, and the additions they make to a stream's schema. */
  readonly discover: ReadonlyArray<{
    readonly stream: string
    readonly call: (config: C) => Call
    readonly read: (answer: Answer) => { readonly fields: ReadonlyArray<DiscoveredField>; readonly next: Call | null }
  }>
  readonly streams: ReadonlyArray<Stream<C>>
  readonly sinks: ReadonlyArray<Sink<C>>
}

/** A field found at run time. `key` is what rows and bodies use (a name at Freshservice, an id at Zendesk). */
export interface DiscoveredField {
  readonly key: string
  readonly title: string
  readonly type: string
  readonly custom: boolean
  readonly required: boolean
  readonly options?: ReadonlyArray<{ readonly value: string; readonly label: string }>
}
