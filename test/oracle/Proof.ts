// The proof of a migration: Bridge's own books beside what the sandbox's corpus, ledger and destination say.
// What does not belong here: anything computed by Bridge's code; the comparison is in Compare.ts, by a reading of its own.
import { createHash } from "node:crypto"
import type { JobPage, JobView } from "@bridge/contract/Jobs"
import { type Asks, type Claims, readClaims } from "./Claims.ts"
import { type Comparison, compare } from "./Compare.ts"
import { checkEquations } from "./Equations.ts"
import { type EntityName, entityNames } from "./Findings.ts"
import { documentedStatuses, type Statuses } from "./Rules.ts"
import { sandboxTruth, type Truth } from "./Truth.ts"

export interface EntityProof {
  readonly source: number
  readonly topic: number
  readonly archived: number
  readonly dead: number
  readonly excluded: number
  readonly approved: number
  readonly loaded: number
  readonly matched: number
  readonly failed: number
  readonly missing: number
  readonly doubled: number
  readonly changed: number
}

export interface Proof {
  readonly json: {
    readonly ok: boolean
    readonly hashes: {
      readonly topic: string
      readonly archive: string
      readonly approved: string
      readonly loaded: string
    }
    readonly entities: Readonly<Record<string, EntityProof>>
  }
  /** Seeded ids that the destination refuses, with its words. */
  readonly failedOnPurpose: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
}

/** `rest` is logged in as the tenant whose job it is. `statuses`: the status rows of the job's mapping, if it has its own. */
export const prove = async (
  rest: Asks,
  jobId: string,
  adminUrl: string,
  statuses: Statuses = documentedStatuses
): Promise<Proof> => {
  const job = await rest.get<JobView>(`/api/jobs/${jobId}`)
  const source = instanceOf(job.source.account)
  const destination = instanceOf(job.destination?.account ?? "")
  const truth = sandboxTruth(adminUrl, { source, destination, since: await firstBetween(rest, job) })
  const claims = await readClaims(rest, jobId)
  const proof = await proofOf(truth, claims, source, statuses)
  return notHolding(proof, [...(await brokenChain(rest, jobId)), ...(await untrueReport(rest, jobId, claims))])
}

/** The audit log must verify from its first entry to its last. */
const brokenChain = async (rest: Asks, jobId: string): Promise<ReadonlyArray<string>> => {
  const { ok, problem } = await rest.get<{ readonly ok: boolean; readonly problem: string | null }>(
    `/api/jobs/${jobId}/audit/verify`
  )
  return ok ? [] : [`the audit log does not verify: ${problem ?? "no reason"}`]
}

interface Report {
  readonly holds: boolean
  readonly entities: ReadonlyArray<{ readonly entity: string; readonly counts: Readonly<Record<string, number>> }>
}

/** The audit report says the same as the results, and that all is well. */
const untrueReport = async (rest: Asks, jobId: string, { results }: Claims): Promise<ReadonlyArray<string>> => {
  const report = await rest.get<Report>(`/api/jobs/${jobId}/download/audit-report`)
  const problems = report.holds ? [] : ["the audit report says that the books are not equal"]
  for (const entity of entityNames) {
    const counts = report.entities.find((one) => one.entity === entity)?.counts
    const result = results.get(entity)
    for (const count of ["topic", "archived", "dead", "excluded", "approved", "loaded", "matched", "failed"] as const)
      if (counts?.[count] !== result?.[count])
        problems.push(`${entity}: ${count} is ${counts?.[count]} in the report and ${result?.[count]} in the results`)
  }
  return problems
}

/** When the first of all jobs between the same accounts was made. */
const firstBetween = async (rest: Asks, job: JobView): Promise<string> => {
  let first = job.createdAt
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: typeof JobPage.Type = await rest.get(
      `/api/jobs?limit=500${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`
    )
    for (const { createdAt, destination, source } of page.jobs) {
      const same = source.account === job.source.account && destination?.account === job.destination?.account
      if (same && createdAt < first) first = createdAt
    }
    cursor = page.next
  }
  return first
}

/** `freshservice:acme` is the account acme. */
const instanceOf = (account: string): string => account.slice(account.indexOf(":") + 1)

const notHolding = ({ json, problems, ...rest }: Proof, more: ReadonlyArray<string>): Proof => ({
  ...rest,
  json: { ...json, ok: json.ok && more.length === 0 },
  problems: [...problems, ...more]
})

export const proofOf = async (
  truth: Truth,
  claims: Claims,
  instance: string,
  statuses: Statuses = documentedStatuses
): Promise<Proof> => {
  const comparison = await compare(truth, claims, instance, statuses)
  checkEquations(claims, comparison.findings)
  const { problems } = comparison.findings
  return {
    json: {
      ok: problems.length === 0,
      hashes: {
        topic: over(claims, "topic"),
        archive: over(claims, "archive"),
        approved: over(claims, "approved"),
        loaded: over(claims, "loaded")
      },
      entities: Object.fromEntries(entityNames.map((entity) => [entity, row(claims, comparison, entity)]))
    },
    failedOnPurpose: comparison.failedOnPurpose,
    problems
  }
}

/** One hash for the job: over `entity, tab, hash` of every entity in the order of names. */
const over = ({ results }: Claims, stage: string): string => {
  const hash = createHash("sha256")
  for (const entity of [...entityNames].sort())
    hash.update(`${entity}\t${String(results.get(entity)?.hashes[stage] ?? "")}\n`)
  return hash.digest("hex")
}

const row = ({ results }: Claims, { findings }: Comparison, entity: EntityName): EntityProof => {
  const { changed, doubled, missing, source } = findings.counts[entity]
  const result = results.get(entity)
  return {
    source,
    topic: result?.topic ?? 0,
    archived: result?.archived ?? 0,
    dead: result?.dead ?? 0,
    excluded: result?.excluded ?? 0,
    approved: result?.approved ?? 0,
    loaded: result?.loaded ?? 0,
    matched: result?.matched ?? 0,
    failed: result?.failed ?? 0,
    missing,
    doubled,
    changed
  }
}
