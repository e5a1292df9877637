// Whether a run lost, doubled or changed anything: counts and hashes of the books, the archive and the topics against what a
// plain reader of the source found. A benchmark that lost a record has no result.
import { createHash } from "node:crypto"
import { cutPage } from "@bridge/http/Rows"
import { unpacked } from "@bridge/store/RawData"
import { Effect } from "effect"
import type { TenantSource } from "./Source.ts"

/** What the source holds: rows, and SHA-256 over the sorted lines `id hash`. */
export interface Expected {
  readonly rows: number
  readonly hash: string
  readonly bytesPerRow: number
}

interface Found {
  readonly what: string
  readonly rows: number
  readonly hash: string | null
}

const line = (id: string, hash: string) =>
  `string_agg(${id} || ' ' || ${hash}, E'\\n' order by (${id} || ' ' || ${hash}) collate "C")`
const hashOf = (id: string, hash: string) => `encode(sha256(convert_to(${line(id, hash)}, 'UTF8')), 'hex')`

/** The auditor's books and the records. */
const queries = {
  tallied: `select count(*)::int as rows, ${hashOf("u.id", "u.hash")} as hash
    from tallies t cross join unnest(t.ids, t.hashes) as u(id, hash) where t.job_id = $1 and t.stage = 'raw'`,
  records: `select count(*)::int as rows, ${hashOf("source_id", "raw_hash")} as hash from job_records
    where job_id = $1 and transformed_hash is not null is distinct from (state <> 'ready')`
} as const

/** The archive, with its hashes computed again from the bytes. */
const archived = async (source: TenantSource, job: string): Promise<Found> => {
  const batches = await source.rows(
    (sql) => sql<{ number: number; ids: ReadonlyArray<string> }>`select batch as number,
      array_agg(source_id order by position) as ids from job_records where job_id = ${job}::uuid group by batch`
  )
  const lines: Array<string> = []
  for (const { ids, number } of batches) {
    const [held] = await source.rows(
      (sql) => sql<{ raw: Uint8Array }>`select raw_data as raw from job_extracted_data
        where job_id = ${job}::uuid and batch_number = ${number}`
    )
    const { rows } = cutPage(await Effect.runPromise(unpacked(held?.raw ?? new Uint8Array())), "", [])
    for (const [i, { json }] of rows.entries())
      lines.push(`${ids[i]} ${createHash("sha256").update(json).digest("hex")}`)
  }
  const hash = createHash("sha256").update(lines.toSorted().join("\n")).digest("hex")
  return { what: "archived", rows: lines.length, hash }
}

const ask = async (source: TenantSource, what: string, query: string, job: string): Promise<Found> => {
  const [found] = await source.rows<Omit<Found, "what">>((sql) => sql.unsafe(query.replaceAll("$1", `'${job}'::uuid`)))
  return { what, rows: found?.rows ?? 0, hash: found?.hash ?? null }
}

const fail = (what: string, found: string | number, expected: string | number): never => {
  throw new Error(`${what}: ${found}, and the source has ${expected}. This run has no result.`)
}

const compare = (expected: Expected, { hash, rows, what }: Found): void => {
  if (rows !== expected.rows) fail(`${what} rows`, rows, expected.rows)
  if (hash !== null && hash !== expected.hash) fail(`${what} hash`, hash, expected.hash)
}

/** Throws with what differs. `written` are the records that came to the normalized topic during the run. */
export const checkArchive = async (
  source: TenantSource,
  job: string,
  expected: Expected,
  written: number
): Promise<void> => {
  for (const [what, query] of Object.entries(queries)) compare(expected, await ask(source, what, query, job))
  compare(expected, await archived(source, job))
  compare(expected, { what: "normalized", rows: written, hash: null })
}

/** The auditor's books of what an extractor alone has written. */
export const checkTopic = async (source: TenantSource, job: string, expected: Expected): Promise<void> =>
  compare(expected, await ask(source, "tallied", queries.tallied, job))
