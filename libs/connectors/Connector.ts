// What a vendor connector declares: configuration, budgets, streams to read and sinks to write. For engines (extractor,
// loader, `bridge connector`). What does not belong here: loops, sleeps, retries, counts, logs, Kafka, Postgres.
import type { AssembledFile } from "@bridge/domain/Assemble"
import type { EntityId } from "@bridge/domain/Entities"
import type { RecordOf } from "@bridge/domain/RecordFields"
import type { Answer, Call as HttpCall, JsonObject as HttpJsonObject, Vendor } from "@bridge/http/Call"
import type { Reason } from "@bridge/http/VendorError"
import type { Schema } from "effect"
import type { Conditions, Filter } from "./Conditions.ts"
import type { Expansion, FileRef, Poison, Row } from "./Row.ts"

/** Calls and bodies are the HTTP path's; a connector's words for them. */
export type Call = HttpCall
export type JsonObject = HttpJsonObject

/** Where to go on. JSON, stored in `job_streams.checkpoint` and printed as state by `bridge connector read`. */
export type Cursor = JsonObject

export interface ReadOptions {
  /** Read rows changed at or after this UTC instant (ISO 8601), where the vendor can. */
  readonly since?: string
  readonly until?: string
  /** What the job asks of this stream's rows: the vendor is asked where it can be, every row is looked at all the same. */
  readonly filters?: Conditions
  /** The newest rows first, where the vendor can: for a sample. */
  readonly newestFirst?: boolean
  /** UTC instant of the start of the read, fixed for the whole stream. */
  readonly now: string
}

/** One page of a stream. */
export interface Page {
  readonly rows: ReadonlyArray<Row>
  readonly poison?: ReadonlyArray<Poison>
  /** Null when the stream has ended. */
  readonly next: Cursor | null
  /** With `next: null`: the cursor a later run starts from to see only what has changed; absent where all is read again. */
  readonly bookmark?: Cursor
  /** True when the vendor's page held nothing that was not on an earlier one. */
  readonly barren?: boolean
  /** From `without`: what the account does not have or may not show, in words. Absent where nothing is missed. */
  readonly absent?: string
  /** Rows of the vendor's page that are outside the dates asked for. */
  readonly outside?: number
  /** Those of them that are later, in a list in the order of time: nothing behind them is asked for. */
  readonly beyond?: number
}

/** A list whose pages have numbers, from 1; all but the last have `pageRows` rows, and those behind it none. */
export interface NumberedPages {
  readonly pageRows: number
  at(page: number): Cursor
}

/** The page that tells further lists, and those it tells; null where they are not all on it. */
export interface FurtherLists {
  readonly at: Cursor
  lists(page: Page): ReadonlyArray<NumberedPages> | null
}

/**
 * A stream of rows. Either it has pages of its own, or it is the child of another stream (`parent`).
 * Functions of C are methods here and below, so that every connector is also a `Connector<unknown>`: who pairs a connector
 * with a configuration has decoded the one with the other (Connectors.ts).
 */
export interface Stream<C> {
  readonly name: string
  /** Null: of use in `bridge connector` and read-backs only, feeds no entity. */
  readonly entity: EntityId | null
  /** Present when rows come only as children of another stream (conversations of tickets). */
  readonly parent?: string
  readonly primaryKey: ReadonlyArray<string>
  readonly cursorField: string | null
  /** How deletions show: words for people and `discover`. */
  readonly deletions: string
  /** Draft-07 JSON Schema of the vendor's row (additionalProperties allowed). */
  readonly schema: JsonObject
  /** What a job may ask of its listed rows. */
  readonly filters?: ReadonlyArray<Filter>
  start(config: C, options: ReadOptions): Cursor
  page(config: C, cursor: Cursor): Call
  /** The next page where it may be asked for before the answer to this one is known (numbered pages). */
  ahead?(cursor: Cursor): Cursor | null
  /** The numbered lists that the stream consists of, a place in each by its page: so that it can be counted with a few calls. */
  lists?(config: C, options: ReadOptions): ReadonlyArray<NumberedPages>
  /** Where the account tells further lists, by some of the rows of those above: null where there are none. */
  further?(config: C, options: ReadOptions, rows: ReadonlyArray<Row>): FurtherLists | null
  /** The same place with a smaller page, for a vendor that cannot answer in time; null when it is small enough. */
  smaller?(cursor: Cursor): Cursor | null
  /** The same place asked for more plainly, for a vendor that refuses the question (400); null when it cannot be plainer. */
  plainer?(cursor: Cursor): Cursor | null
  /** What stands for a page that the account does not have (404), or this key may not see (403): null where that is a failure. */
  without?(cursor: Cursor, reason: Reason): Page | null
  /** Throws `Malformed` for a body that is not a page. */
  read(config: C, cursor: Cursor, answer: Answer): Page
  /** Files that a complete row of this stream names, as rows of the stream `to`. Pure and total. */
  readonly files?: { readonly to: string; of(config: C, row: Row): ReadonlyArray<FileRef> }
  /** List + detail: what completes one row; `wanted` names the streams whose rows are asked for, this one included. */
  expand?(config: C, row: Row, wanted: ReadonlySet<string>): Expansion
  /** The records of a row. Pure and total: what cannot be read is null, never thrown. `parentId`: the row's own, for children. */
  normalise(config: C, row: JsonObject, parentId?: string | null): ReadonlyArray<Normalised>
}

/** One canonical record out of a row. */
export type Normalised = {
  readonly [E in EntityId]: {
    readonly entity: E
    readonly sourceId: string
    /** Source id of the aggregate root or other record it belongs to, and what that is: the usual parent where absent. */
    readonly parentId?: string
    readonly parentEntity?: EntityId
    readonly record: RecordOf[E]
  }
}[EntityId]

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
  /** Files that go with it; uploaded just before its call. */
  readonly files?: ReadonlyArray<AssembledFile>
}

/** What an upload gave: the token a write names it by, its id, and where it can be read. */
export interface Uploaded {
  readonly _tag: "Uploaded"
  readonly token: string
  readonly fileId: string | null
  readonly url: string | null
}

export interface UploadRefused {
  readonly _tag: "UploadRefused"
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** How files get to the destination: uploaded first, then named by the write. An upload that no write names comes to nothing. */
export interface Uploads<C> {
  /** Largest file by the vendor's documents. */
  readonly bytes: number
  /** How long an upload may be named. */
  readonly lifeMillis: number
  call(config: C, file: Pick<AssembledFile, "name" | "mime">, bytes: Uint8Array): Call
  /** Throws `Malformed` where the answer is neither. */
  read(answer: Answer): Uploaded | UploadRefused
  /** The body with its uploads named in their comments. */
  attach(body: JsonObject, files: ReadonlyArray<readonly [AssembledFile, Uploaded]>): JsonObject
  /** For the audit: a page of comments asked for with all of their files, and the files of a comment's row. */
  listing(comments: Call): Call
  files(comment: JsonObject): ReadonlyArray<FileThere>
}

/** A file at the destination. */
export interface FileThere {
  readonly id: string
  readonly name: string
  readonly size: number
  readonly url: string | null
}

/**
 * What a record has that is written after it, by a call each and with its id: further addresses of a person, the fields of
 * a custom object. Found again by name, so that it can be completed after a crash.
 */
export interface Further<C> {
  /** Where the write carries it. */
  readonly field: string
  /** Names of what the write carries. */
  of(write: Write): ReadonlyArray<string>
  /** Whether records that were there before are completed too. */
  readonly ofMatched: boolean
  /** What is there already. */
  list(config: C, write: Write, destinationId: string): Call
  readList(answer: Answer): { readonly names: ReadonlyArray<string>; readonly next: Call | null }
  create(config: C, write: Write, destinationId: string, name: string): Call
  /** Null when it was made; else why not. */
  readCreate(answer: Answer): { readonly code: string; readonly message: string; readonly hint: string } | null
}

export type WriteOutcome =
  | { readonly _tag: "Created"; readonly destinationId: string }
  | { readonly _tag: "Matched"; readonly destinationId: string }
  | { readonly _tag: "Updated"; readonly destinationId: string }
  | { readonly _tag: "Failed"; readonly code: string; readonly message: string; readonly hint: string }
  /** The vendor may or may not have done it: look up before anything else. */
  | { readonly _tag: "Unknown"; readonly message: string }

/** What one bulk or single call answered: results per write (in their order), or a vendor job to poll. */
export type SinkAnswer =
  | { readonly _tag: "Results"; readonly outcomes: ReadonlyArray<WriteOutcome> }
  | { readonly _tag: "Job"; readonly jobId: string }
  | { readonly _tag: "Busy"; readonly retryAfterMillis: number }
  /** The whole batch was refused: write one by one. */
  | { readonly _tag: "BatchRefused"; readonly code: string; readonly message: string; readonly hint: string }

export type JobAnswer =
  | { readonly _tag: "Pending"; readonly pollAfterMillis: number }
  | { readonly _tag: "Done"; readonly outcomes: ReadonlyArray<WriteOutcome> }
  | { readonly _tag: "Lost"; readonly message: string }

/** Looks a record up by its source key. `strong` is read-your-writes; else it lags by up to `lagMillis`. */
export interface Lookup<C> {
  readonly name: string
  readonly strong: boolean
  readonly lagMillis: number
  call(config: C, write: Write): Call
  /** The destination ids found, oldest first (more than one is a double). */
  read(write: Write, answer: Answer): ReadonlyArray<string>
  /** The next page, where the vendor cannot look for the key itself; it is read while nothing was found. */
  next?(answer: Answer): Call | null
}

/** Finds one that is already there by its natural key (e-mail, name) and may be matched, never changed. */
export interface Match<C> {
  readonly name: string
  /** Null when the write has no such key. */
  call(config: C, write: Write): Call | null
  read(write: Write, answer: Answer): ReadonlyArray<string>
  next?(answer: Answer): Call | null
  /** Why the one that was found is not what the approved one would be to others (no agent), as `answer` shows it; null: it is. */
  lacks?(write: Write, answer: Answer, id: string): { readonly code: string; readonly message: string } | null
}

/** A thing that can be written. Pure descriptions of calls and readings of answers; the loader loops, waits and looks up. */
export interface Sink<C> {
  readonly entity: EntityId
  /** The stream name used by `bridge connector write --stream S`. */
  readonly stream: string
  /** Entities written inside the same call (comments of a ticket). */
  readonly parts: ReadonlyArray<EntityId>
  readonly uploads?: Uploads<C>
  readonly further?: Further<C>
  /** Only writes of which this is the same go into one call (records of one custom object). */
  together?(write: Write): string
  /** Most records in one call. */
  readonly batchSize: number
  /** Comments that one record may have; more stand together. */
  readonly mostComments?: number
  /** Most bytes of JSON in one call. */
  readonly batchBytes: number
  /** Create calls for many (bulk) and one. */
  createMany?(config: C, writes: ReadonlyArray<Write>): Call
  createOne(config: C, write: Write): Call
  update?(config: C, write: Write): Call
  readAnswer(config: C, writes: ReadonlyArray<Write>, answer: Answer): SinkAnswer
  /** Vendor jobs. */
  jobStatus?(config: C, jobId: string): Call
  readJob?(config: C, writes: ReadonlyArray<Write>, answer: Answer): JobAnswer
  /** The vendor's jobs that may still be working (for a lost answer): the call, and whether all are known. */
  readonly openJobs?: {
    call(config: C): Call
    /** `listed`: all ids shown, ended ones too: a full list still reaches back to a job that is known to be older. */
    read(answer: Answer): {
      readonly open: ReadonlyArray<string>
      readonly known: boolean
      readonly listed?: ReadonlyArray<string>
    }
  }
  /** The record has no place for a source key: `lookup` goes by what it is, and cannot tell ours from another's. */
  readonly naturalKeyOnly?: boolean
  readonly lookup: ReadonlyArray<Lookup<C>>
  readonly match?: ReadonlyArray<Match<C>>
  /** Reads a destination record back for the audit. */
  readonly readBack: {
    readonly stream: string
    readonly lagMillis: number
    sourceKey(row: JsonObject): string | null
  }
  /** A field that the destination itself sets by what another field leads to (the organization, by the requester). */
  readonly derived?: { readonly field: string; readonly by: string }
  /** What to write in place of what was refused, where the account cannot take that (no seat left for an agent). Pure. */
  instead?(
    write: Write,
    refusal: { readonly code: string; readonly message: string }
  ): { readonly set: JsonObject; readonly code: string; readonly message: string } | null
  /** Removes what was created (undo). */
  remove?(config: C, destinationId: string): Call
}

/** A field found at run time. `key` is what rows and bodies use (a name at Freshservice, an id at Zendesk). */
export interface DiscoveredField {
  readonly key: string
  readonly title: string
  readonly type: string
  readonly custom: boolean
  readonly required: boolean
  readonly options?: ReadonlyArray<{ readonly value: string; readonly label: string }>
  /** A nested field: the keys of its lower levels, from the top. */
  readonly levels?: ReadonlyArray<string>
  /** The vendor's own id of the definition, where rows and bodies do not go by it. */
  readonly nativeId?: string
}

/** Custom field definitions and the like at run time: a call, and the additions its answers make to a stream's schema. */
export interface Discovery<C> {
  readonly stream: string
  /** A module that an account may lack (403, 404): it has no fields then. */
  readonly optional?: boolean
  call(config: C): Call
  /** `call`: what was answered. */
  read(
    answer: Answer,
    call: Call
  ): {
    readonly fields: ReadonlyArray<DiscoveredField>
    readonly next: Call | null
    /** Asked as well; one that the account refuses (400, 403, 404) has none. */
    readonly further?: ReadonlyArray<Call>
  }
}

export interface Connector<C> extends Vendor<C> {
  readonly title: string
  /** Decodes and checks a configuration; the JSON Schema of the form comes from it. Secrets decode to Redacted. */
  readonly config: Schema.Codec<C, unknown>
  /** Keys of the configuration that are secret (stored in the vault, never shown). */
  readonly secrets: ReadonlyArray<string>
  /** Normalised account name, stable over re-created connections: `acme`. */
  instance(config: C): string
  /** A call that proves the credentials, and what an Ok answer must hold; `null` is good, text says what is wrong. */
  readonly check: {
    call(config: C): Call
    read(config: C, answer: Answer): string | null
    /** Asked when the account does not have the first endpoint. */
    otherwise?(config: C): Call
  }
  readonly discover: ReadonlyArray<Discovery<C>>
  /** What a call takes of its limits, where that is not always one. */
  cost?(call: Call): number
  readonly streams: ReadonlyArray<Stream<C>>
  readonly sinks: ReadonlyArray<Sink<C>>
  /** Entities it has no place for as such: a mapping leaves them out with a reason, or moves them inside of others. */
  readonly unheld?: ReadonlyArray<EntityId>
  /** How a person gets a further organization; absent where one has no more than one. */
  readonly furtherOrganizations?: Sink<C>
  /** Sinks of streams that are no entity of their own: for `bridge connector write` only. */
  readonly besides?: ReadonlyArray<Sink<C>>
}

/** A connector whose configuration's type is forgotten: what lists and engines hold. */
export type AnyConnector = Connector<unknown>
