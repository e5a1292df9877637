// What a mapping makes of one record (`transformed_data`), and what settling decides about it (`job_records.resolution`).
// For refiner (writes both), review, loader (reads both), auditor. What does not belong here: how either is made.
import type { EntityId } from "./Entities.ts"
import type { JsonValue } from "./Records.ts"

export type JsonObject = { readonly [key: string]: JsonValue }

/** A reference as the source gives it: the vendor's own id of a person, group, department or ticket. */
export type Ref = {
  readonly entity: EntityId
  readonly nativeId: string
  /** It stands in the field of its kind, at a place in a list of fields; which one that is, settling finds. */
  readonly inField?: true
  /** A value stands at the path already, and stays only where the record is at the destination: its id goes nowhere. */
  readonly gate?: true
}
export type Refs = { readonly [path: string]: Ref }

/**
 * One element of `transformed_data`. `body` has the destination's shape without references. The keys of `refs` are dot paths
 * into `body` (`requester_id`); behind `meta.` they lead into `meta` (`meta.description.author_id`).
 */
export type Element = {
  readonly body: JsonObject
  readonly refs: Refs
  readonly meta: ElementMeta
}

export type ElementMeta = {
  /** Tickets: the first comment, without its author (refs `meta.description.author_id`). */
  readonly description?: Text & { readonly created_at: string | null; readonly public: boolean }
  /** Comments whose text is too long for one: what follows `body.html_body`, in order, as comments of their own. */
  readonly more?: ReadonlyArray<string>
  /** Of a ticket, problem or change: what a comment of its own says after the first one (requested items, plans). */
  readonly notes?: ReadonlyArray<{ readonly html_body: string; readonly public: boolean }>
  /** Attachments: the file behind `body`. */
  readonly file?: FileMeta
}

/** A file's place and bytes; `body` of its element has its name, type and size. */
export type FileMeta = {
  readonly parent: { readonly entity: EntityId; readonly nativeId: string }
  readonly sha256: string
  /** Hashes of the addresses under which the parent's text shows it, apart by a blank. */
  readonly url_hash: string | null
  /** Stands in its parent's text where the file itself cannot go along. */
  readonly note: string
  /** Too large for the destination: only the note goes along. */
  readonly noteOnly?: true
}

/** HTML within the destination's limit; `more` are the following pieces, which joined to it give the whole text again. */
export type Text = {
  readonly html_body: string
  readonly more?: ReadonlyArray<string>
}

/** A body over the inline limit lies in the blob store; its hash is over the true body. */
export type BlobRef = {
  readonly $blob: string
  readonly bytes: number
}
export type StoredElement = Element | BlobRef | null

/** What to do where a reference has no record: the stand-in person, leave it out, or refuse the record. */
export type Missing = "placeholder" | "drop" | "fail"

export type ResolvedRef =
  | { readonly entity: EntityId; readonly sourceId: string }
  /** As the value of a field, which is a custom-field of this source id: an entry of both, or none where one is not there. */
  | { readonly entity: EntityId; readonly sourceId: string; readonly field: string }
  /** The record's name stands for it: nothing needs to be at the destination. */
  | { readonly entity: EntityId; readonly name: string }
  | { readonly entity: EntityId; readonly missing: string; readonly use: Missing }

/** What settling decided; only the keys that are needed, null when there is nothing. */
export type Resolution = {
  readonly refs?: { readonly [path: string]: ResolvedRef }
  /** The same one as another record of its entity: it is not written, references to it go to that one. */
  readonly merged?: { readonly into: string }
  /** On the record that others were merged into: their source ids. */
  readonly merges?: ReadonlyArray<string>
  /** Values that replace those of the body (a name that clashed, the role of somebody merged into it). */
  readonly set?: { readonly [path: string]: JsonValue }
  readonly excluded?: string
}

/** Something a person should know before approving. `settled` marks those that settling found. */
export type Warning = {
  readonly code: string
  readonly message: string
  readonly field?: string
  readonly settled?: true
}
