// A row of a vendor and what hangs on it: the calls that complete it, its child lists, its files. What a connector cuts out of
// answers, for Connector.ts and the engines.
import type { Answer, Call } from "@bridge/http/Call"

/** One row cut out of an answer: the vendor's own bytes, never re-stringified. */
export interface Row {
  /** The canonical source id: unique within the entity (`<stream>/<id>` where two streams feed one entity). */
  readonly sourceId: string
  readonly parentId?: string
  /** Sortable version of the row as the vendor gives it (updated_at, generated_timestamp), else "". */
  readonly version: string
  readonly op: "upsert" | "delete"
  /** JSON text of the row, byte for byte; other answers' members may stand behind the vendor's own (`withMember`, Files.ts). */
  readonly json: Buffer
  /** Present where they do: the bytes of `json` in front of them. */
  readonly given?: number
}

/** A row that cannot be named: no object, or no id. It becomes a dead letter. */
export interface Poison {
  readonly stream: string
  readonly json: Buffer
  readonly error: string
}

/** One page of a child list: the call, and what its answer holds. */
export interface Child {
  readonly stream: string
  readonly call: Call
  read(answer: Answer): ChildPage
}

export interface ChildPage {
  readonly rows: ReadonlyArray<Row>
  readonly poison?: ReadonlyArray<Poison>
  /** Null at the end. */
  readonly next: Child | null
}

/** Calls that complete one listed row: its detail (replaces the row), lists put into it, and its children (feed other streams). */
export interface Expansion {
  /** Null from `read`, or an answer that says the row is gone: the listed row stands. */
  readonly detail?: {
    readonly call: Call
    /** Asked where the vendor refuses the call (400, 403, 404): a plan without a module that it names. */
    readonly plainer?: Call
    read(answer: Answer): Row | null
  }
  /** Lists of their own that belong into the row: what is asked for in a request. Gone: the row has none. */
  readonly members?: ReadonlyArray<Member>
  /** The child list from its first page. An answer that says it is gone ends it. */
  readonly children: ReadonlyArray<Child>
}

/** One page of a list that becomes the member `key` of a row. */
export interface Member {
  readonly key: string
  readonly call: Call
  read(answer: Answer): { readonly items: ReadonlyArray<Buffer>; readonly next: Member | null }
}

/** A file that a row names: the row that stands for it, and where its bytes are. */
export interface FileRef {
  /** Without what became of the bytes; `fileRow` (Files.ts) adds that. */
  readonly row: Row
  /** Null: the vendor names none. Signed ones live for minutes and are secrets: never in a log. */
  readonly url: string | null
  /** How the vendor's API leads to it, with credentials, where the address does not. */
  readonly otherwise: Call | null
  /** What the file says of itself. */
  readonly size: number | null
  /** It says to be an HTML page: of any other a page that comes is a login or an excuse. */
  readonly isPage: boolean
}

/** What became of a file's bytes. */
export type FileOutcome =
  | { readonly state: "stored"; readonly sha256: string; readonly size: number; readonly problem?: string }
  | { readonly state: "unavailable"; readonly problem: string }
  | { readonly state: "unread" }
