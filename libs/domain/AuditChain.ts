// The chained audit log as a rule: each entry's hash covers the one before, so a changed, removed or inserted row is found.
// Pure. For the auditor (which appends) and the api (which verifies on request).
import { canonicalJson, type Json, sha256 } from "./Canonical.ts"

/** One row of `audit_log`. `at` is UTC text with microseconds, exactly as it is hashed. */
export interface AuditEntry {
  readonly tenantId: string
  /** 1, 2, 3 ... per tenant. */
  readonly seq: number
  /** The row of `job_events` it records. */
  readonly eventSeq: number
  readonly jobId: string | null
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly detail: Json
}

export interface ChainedEntry extends AuditEntry {
  readonly previousHash: string
  readonly hash: string
}

/** What the first entry of a tenant points back to. */
export const genesis = (tenantId: string): string => sha256(`bridge audit log of ${tenantId}`)

/** SHA-256 over the previous hash and the entry's canonical JSON, hex. */
export const entryHash = (previousHash: string, e: AuditEntry): string =>
  sha256(
    `${previousHash}\n${canonicalJson({
      tenant_id: e.tenantId,
      seq: e.seq,
      event_seq: e.eventSeq,
      job_id: e.jobId,
      at: e.at,
      actor: e.actor,
      action: e.action,
      detail: e.detail
    })}`
  )

/** The entries with their hashes, going on from `previousHash`. */
export const chain = (previousHash: string, entries: ReadonlyArray<AuditEntry>): ReadonlyArray<ChainedEntry> => {
  let previous = previousHash
  return entries.map((e) => {
    const hash = entryHash(previous, e)
    const chained = { ...e, previousHash: previous, hash }
    previous = hash
    return chained
  })
}

export type Verification =
  | { readonly ok: true; readonly entries: number; readonly head: string }
  | { readonly ok: false; readonly entries: number; readonly seq: number; readonly problem: string }

/**
 * Checks entries in order of `seq`, from the first or from where an earlier call ended (`after`). A cut tail does not show
 * in the chain alone: compare `entries` with the events that were chained, or with a head that was kept elsewhere.
 */
export const verifyEntries = (
  tenantId: string,
  entries: ReadonlyArray<ChainedEntry>,
  after: { readonly seq: number; readonly hash: string } = { seq: 0, hash: genesis(tenantId) }
): Verification => {
  let { hash: previous, seq } = after
  for (const e of entries) {
    const problem = problemOf(tenantId, e, seq + 1, previous)
    if (problem !== null) return { ok: false, entries: seq, seq: seq + 1, problem }
    seq = e.seq
    previous = e.hash
  }
  return { ok: true, entries: seq, head: previous }
}

const problemOf = (tenantId: string, e: ChainedEntry, expected: number, previous: string): string | null => {
  if (e.tenantId !== tenantId) return `entry ${e.seq} belongs to another tenant`
  if (e.seq !== expected) return e.seq > expected ? `entry ${expected} is missing` : `entry ${e.seq} stands twice`
  if (e.previousHash !== previous) return `entry ${e.seq} does not follow the entry before it`
  if (entryHash(previous, e) !== e.hash) return `entry ${e.seq} was changed`
  return null
}
