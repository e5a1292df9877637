// Whether a run lost, doubled or changed anything: counts and hashes of the books, the archive and the topics against what a
// plain reader of the source found. A benchmark that lost a record has no result.
import type { Source } from "./Source.ts"

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

/** The auditor's books, the records, and the archive with its hashes computed again from the bytes. */
const queries = {
  tallied: `select count(*)::int as rows, ${hashOf("u.id", "u.hash")} as hash
    from tallies t cross join unnest(t.ids, t.hashes) as u(id, hash) where t.job_id = $1 and t.stage = 'raw'`,
  records: `select count(*)::int as rows, ${hashOf("source_id", "raw_hash")} as hash from job_records
    where job_id = $1 and transformed_hash is not null is distinct from (state <> 'ready')`,
  archived: `with body as materialized (
      select d.batch_number, o.n - 1 as position, encode(sha256(convert_to(o.e::text, 'UTF8')), 'hex') as hash
      from job_extracted_data d cross join lateral json_array_elements(d.raw_data) with ordinality as o(e, n)
      where d.job_id = $1)
    select count(*)::int as rows, ${hashOf("r.source_id", "b.hash")} as hash
    from body b join job_records r on r.job_id = $1 and r.batch = b.batch_number and r.position = b.position`
} as const

const ask = async (source: Source, what: string, query: string, job: string): Promise<Found> => {
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
export const checkArchive = async (source: Source, job: string, expected: Expected, written: number): Promise<void> => {
  for (const [what, query] of Object.entries(queries)) compare(expected, await ask(source, what, query, job))
  compare(expected, { what: "normalized", rows: written, hash: null })
}

/** The auditor's books of what an extractor alone has written. */
export const checkTopic = async (source: Source, job: string, expected: Expected): Promise<void> =>
  compare(expected, await ask(source, "tallied", queries.tallied, job))
