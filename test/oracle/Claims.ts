// What Bridge says of a job, over REST only: its results and hashes per entity, and what became of every record.
// For Proof.ts and Compare.ts; nothing here is taken for the truth.
import { createHash } from "node:crypto"
import type { RecordPage } from "@bridge/contract/Review"
import { type EntityName, entityNames } from "./Findings.ts"

export interface Counts {
  readonly archived: number
  readonly excluded: number
  readonly approved: number
  readonly loaded: number
  readonly matched: number
  readonly failed: number
}

/** One row of the auditor's results. */
export interface Result extends Counts {
  readonly topic: number
  readonly dead: number
  readonly missing: number
  readonly doubled: number
  readonly changed: number
  readonly hashes: Readonly<Record<string, unknown>>
  readonly differences: ReadonlyArray<unknown>
}

/** Source ids with the reason Bridge gives. */
export type Named = ReadonlyMap<string, string>

/** The records of one entity, one by one, counted by us. */
export interface Records {
  readonly counts: Counts
  readonly excluded: Named
  readonly failed: Named
  /** Records that are neither loaded nor matched nor failed, though approved. */
  readonly open: number
  /** SHA-256 over lines of source id, tab, approved hash: of the approved ones, and of those that were written, now or before. */
  readonly hashes: { readonly approved: string; readonly loaded: string }
}

export interface Claims {
  readonly results: ReadonlyMap<EntityName, Result>
  readonly records: Readonly<Record<EntityName, Records>>
}

/** Whether Bridge says that a record is at the destination, as loaded or as matched. */
export const saysThere = ({ records }: Claims, entity: EntityName, id: string): boolean =>
  !records[entity].excluded.has(id) && !records[entity].failed.has(id)

/** The little of a REST client that is needed here. */
export interface Asks {
  readonly get: <A>(path: string) => Promise<A>
}

interface Failure {
  readonly entity: string
  readonly sourceId: string
  readonly message: string
}

export const readClaims = async (rest: Asks, jobId: string): Promise<Claims> => {
  const job = `/api/jobs/${encodeURIComponent(jobId)}`
  const { results, words } = await readResults(rest, job)
  const records = {} as Record<EntityName, Records>
  for (const entity of entityNames) records[entity] = await readRecords(rest, job, entity, words)
  return { results, records }
}

const readResults = async (rest: Asks, job: string) => {
  const words = new Map<string, string>()
  const results = new Map<EntityName, Result>()
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: {
      readonly results: ReadonlyArray<Readonly<Record<string, unknown>>>
      readonly failures: ReadonlyArray<Failure>
      readonly next: string | null
    } = await rest.get(`${job}/loading-results?limit=500${following(cursor)}`)
    for (const { entity, message, sourceId } of page.failures) words.set(`${entity} ${sourceId}`, message)
    for (const result of page.results) {
      const entity = entityNames.find((name) => name === result["entity"])
      if (entity !== undefined) results.set(entity, resultOf(result))
    }
    cursor = page.next
  }
  return { results, words }
}

const following = (cursor: string): string => (cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`)

const loadedAs: ReadonlyMap<string, "loaded" | "matched" | "failed"> = new Map([
  ["created", "loaded"],
  ["updated", "loaded"],
  ["matched", "matched"],
  ["skipped", "matched"],
  ["merged", "matched"],
  ["failed", "failed"]
])

/** What merged into another or stood there before was not written, so it has no loaded hash. */
const written: ReadonlySet<string> = new Set(["created", "updated", "skipped"])

/** Pages come in the order of source ids, which is also the order of the hashes. */
const readRecords = async (rest: Asks, job: string, entity: EntityName, words: Named): Promise<Records> => {
  const counts = { archived: 0, excluded: 0, approved: 0, loaded: 0, matched: 0, failed: 0 }
  const excluded = new Map<string, string>()
  const failed = new Map<string, string>()
  const [approvedHash, loadedHash] = [createHash("sha256"), createHash("sha256")]
  let open = 0
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: typeof RecordPage.Type = await rest.get(`${job}/records?entity=${entity}&limit=500${following(cursor)}`)
    for (const { hash, outcome, reason, sourceId, state } of page.records) {
      counts.archived++
      if (state !== "ready") {
        counts.excluded++
        excluded.set(sourceId, reason ?? state)
        continue
      }
      counts.approved++
      const became = loadedAs.get(outcome ?? "")
      if (became === undefined) open++
      else counts[became]++
      const line = `${sourceId}\t${hash ?? ""}\n`
      approvedHash.update(line)
      if (became === "failed") failed.set(sourceId, words.get(`${entity} ${sourceId}`) ?? "without words")
      if (written.has(outcome ?? "")) loadedHash.update(line)
    }
    cursor = page.next
  }
  const hashes = { approved: approvedHash.digest("hex"), loaded: loadedHash.digest("hex") }
  return { counts, excluded, failed, open, hashes }
}

const resultOf = (row: Readonly<Record<string, unknown>>): Result => {
  const count = (column: string): number => (typeof row[column] === "number" ? row[column] : Number.NaN)
  const { differences, hashes } = row
  return {
    topic: count("topic"),
    archived: count("archived"),
    dead: count("dead"),
    excluded: count("excluded"),
    approved: count("approved"),
    loaded: count("loaded"),
    matched: count("matched"),
    failed: count("failed"),
    missing: count("missing"),
    doubled: count("doubled"),
    changed: count("changed"),
    hashes: typeof hashes === "object" && hashes !== null ? { ...hashes } : {},
    differences: Array.isArray(differences) ? differences : []
  }
}
