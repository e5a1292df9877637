// What a read of a stream is given, and how it may fail. For Engine.ts, Whole.ts and those who read.
import type { Connection } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import type { Mode } from "@bridge/http/VendorHttp"
import { type Effect, Schema } from "effect"
import type { Doubt } from "./Alone.ts"
import type { AnyConnector, Cursor, ReadOptions } from "./Connector.ts"
import type { FileOutcome, FileRef, Row } from "./Row.ts"

export interface Source extends Connection {
  readonly connector: AnyConnector
}

export interface ReadSettings {
  /** Where to go on; null or absent at the start. */
  readonly cursor?: Cursor | null
  readonly options: ReadOptions
  /** Names of the streams whose rows are wanted: this one, its children, or children only. */
  readonly wanted: ReadonlySet<string>
  /** Rows completed (detail, children) at one time. */
  readonly maxInFlight?: number
  /** Pages in flight at one time where the vendor numbers them. */
  readonly readAhead?: number
  /** How long a call is tried: see VendorHttp. */
  readonly mode?: Mode
  /** What fails for ever of one row and not of others becomes a gap after so much of it; without it the read fails. */
  readonly doubt?: Doubt
  /** Takes care of the bytes of a file, where its stream is wanted; without it files stay unread. */
  readonly keep?: Keep
  /** Which listed rows are taken, page by page in their order, before anything is added to them; all without it. */
  readonly choose?: Choose
}

export interface Chosen {
  readonly rows: ReadonlyArray<Row>
  /** Looked at and not taken. */
  readonly leftOut: number
  /** Enough were taken: the read ends here. */
  readonly over: boolean
}
export type Choose = (rows: ReadonlyArray<Row>) => Chosen

/** What a read went on without, and the vendor's words: whoever reviews must know. */
export interface Gap {
  readonly stream: string
  readonly message: string
}

/** Puts a file's bytes away; `again` asks the vendor where it is now, for addresses that die. */
export type Keep = (file: FileRef, again: Again) => Effect.Effect<FileOutcome, FilesUnavailable>
export type Again = Effect.Effect<string | null, VendorError>

/** Files cannot be put away now. The operator acts; the stage tries again. */
export class FilesUnavailable extends Schema.TaggedError<FilesUnavailable>()("FilesUnavailable", {
  cause: Schema.Defect()
}) {}

export type ReadError = VendorError | FilesUnavailable
