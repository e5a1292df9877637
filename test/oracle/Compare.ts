// The comparison of a migration's two ends, made from the sandbox's corpus, ledger and destination alone.
// Tickets stream by three times at most and are held as digests, so that 200,000 of them fit in memory.

import { type Claims, saysThere } from "./Claims.ts"
import { type CustomFields, customFields } from "./CustomFields.ts"
import { differences } from "./Differences.ts"
import { type EntityName, Findings } from "./Findings.ts"
import { comparePeople } from "./People.ts"
import { type Both, digestOf, inOrder, is, mustBe, type TicketPicture } from "./Picture.ts"
import { type Context, comparePlaces, sourceKey } from "./Places.ts"
import { exclusion, isOversize, type Statuses } from "./Rules.ts"
import type { Corpus, Truth } from "./Truth.ts"
import { readWrites } from "./Writes.ts"

export interface Comparison {
  readonly findings: Findings
  /** Tickets that failed because they must. */
  readonly failedOnPurpose: ReadonlyArray<string>
}

/** A ticket that must be at the destination. */
interface Expected {
  /** Empty where only a look at both pictures can tell. */
  readonly digest: string
  readonly comments: number
  records: number
}

/** So many are looked at closely; of those beyond it is only said that they differ. */
const mostPictures = 5_000

export const compare = async (
  truth: Truth,
  claims: Claims,
  instance: string,
  statuses: Statuses
): Promise<Comparison> => {
  const findings = new Findings()
  const context: Context = { truth, claims, findings, instance, writes: await readWrites(truth.ledger()) }
  const fields = customFields(await truth.sourceFields(), await truth.destinationFields())
  const places = await comparePlaces(context)
  const people = await comparePeople(context, places)
  const both: Both = { people, places, fields, statuses }
  const purpose = new Set((await truth.expectedFailures()).filter((f) => f.entity === "ticket").map((f) => f.id))
  const sides = await readSource(context, both, purpose)
  const differing = await readDestination(context, both, sides.expected)
  await compareClosely(context, both, fields, differing)
  onlyAsExpected(claims, findings)
  for (const line of context.writes.unexplained()) findings.problem(line)
  return { findings, failedOnPurpose: sides.failedOnPurpose }
}

/** Everything the source holds: counted, judged against what Bridge left out or failed, and kept as digests. */
const readSource = async (
  { truth, claims, findings, writes, instance }: Context,
  both: Both,
  purpose: ReadonlySet<number>
): Promise<{ readonly expected: Map<number, Expected>; readonly failedOnPurpose: ReadonlyArray<string> }> => {
  const expected = new Map<number, Expected>()
  const failedOnPurpose: Array<string> = []
  const { comment, ticket } = findings.counts
  for await (const line of truth.corpus("ticket")) {
    const { conversations, id, row } = line
    const why = exclusion(row, both.statuses) ?? both.fields.unmapped(row)
    const fails = why === null && purpose.has(id)
    ticket.source++
    comment.source += conversations.length
    if (why !== null) ticket.excluded++
    if (why !== null) comment.excluded += conversations.length
    if (fails) ticket.failed++
    if (fails) comment.failed += conversations.length
    judge(claims, findings, "ticket", String(id), why, fails)
    for (const { id: child } of conversations) judge(claims, findings, "comment", String(child), why, fails)
    if (fails) {
      const words = claims.records.ticket.failed.get(String(id))
      failedOnPurpose.push(`ticket ${id}${words === undefined || words === "" ? "" : `: ${words}`}`)
    }
    if (why !== null || fails || !saysThere(claims, "ticket", String(id))) continue
    const key = sourceKey(instance, "ticket", id)
    writes.explain("ticket", key)
    const picture = mustBe(line, both)
    expected.set(id, {
      digest: picture.comments.some(({ body }) => isOversize(body)) ? "" : digestOf(picture),
      comments: conversations.length,
      records: 0
    })
  }
  return { expected, failedOnPurpose }
}

/** Left out exactly what the rules leave out, failed exactly what must. */
const judge = (
  claims: Claims,
  findings: Findings,
  entity: EntityName,
  id: string,
  why: string | null,
  fails: boolean
): void => {
  const out = claims.records[entity].excluded.get(id)
  const failed = claims.records[entity].failed.get(id)
  if (why !== null && out === undefined) findings.problem(`${entity} ${id}: must be left out (${why}) and is not`)
  // A comment names the reason of its ticket, among other words.
  if (why !== null && out !== undefined && out !== why && !(entity === "comment" && out.endsWith(why)))
    findings.problem(`${entity} ${id}: is left out because of "${out}" and not of "${why}"`)
  if (why === null && out !== undefined) findings.problem(`${entity} ${id}: is left out (${out}) and must not be`)
  if (fails && failed === undefined) findings.problem(`${entity} ${id}: must fail and did not`)
  if (!fails && failed !== undefined) findings.problem(`${entity} ${id}: failed (${failed}) and must not`)
}

/** Finds what is missing and what is doubled; returns the destination's pictures that are not as they must be. */
const readDestination = async (
  { truth, findings, writes, instance }: Context,
  both: Both,
  expected: ReadonlyMap<number, Expected>
): Promise<ReadonlyMap<number, TicketPicture>> => {
  const prefix = sourceKey(instance, "ticket", "")
  const differing = new Map<number, TicketPicture>()
  for await (const line of truth.destination("ticket")) {
    const { row, deleted } = line
    if (deleted || row.external_id === null || !row.external_id.startsWith(prefix)) continue
    const id = Number(row.external_id.slice(prefix.length))
    const must = expected.get(id)
    if (must === undefined) {
      findings.problem(`ticket ${id}: is at the destination (as ${row.id}) and must not be`)
      continue
    }
    must.records++
    if (must.records > 1) continue
    const picture = is(line, both)
    if (must.digest === digestOf(picture)) continue
    if (differing.size < mostPictures) differing.set(id, picture)
    else findings.changed("ticket", id, "as a whole", "that of the source", "another")
  }
  for (const [id, { comments, records }] of expected) {
    if (records === 0) {
      findings.missing("ticket", id)
      findings.counts.comment.missing += comments
    }
    const most = Math.max(records, writes.creates("ticket", `${prefix}${id}`))
    if (most > 1) {
      findings.doubled("ticket", id, most - 1, `was written ${most} times`)
      findings.counts.comment.doubled += comments * (most - 1)
    }
  }
  return differing
}

/** Once more through the source, for those alone whose digests differ. */
const compareClosely = async (
  { truth, findings }: Context,
  both: Both,
  fields: CustomFields,
  differing: ReadonlyMap<number, TicketPicture>
): Promise<void> => {
  if (differing.size === 0) return
  for await (const line of truth.corpus("ticket")) {
    const found = differing.get(line.id)
    if (found === undefined) continue
    differences(findings, fields, line.id, commentIds(line), mustBe(line, both), found)
  }
}

const commentIds = ({ conversations }: Corpus["ticket"]): ReadonlyArray<number> =>
  inOrder(conversations).map(({ id }) => id)

/** Of people and places nothing is left out and nothing fails. */
const onlyAsExpected = (claims: Claims, findings: Findings): void => {
  for (const entity of ["person", "group", "department"] as const)
    for (const [id, why] of claims.records[entity].excluded) findings.problem(`${entity} ${id}: is left out (${why})`)
  for (const entity of ["person", "group", "group-member", "department"] as const)
    for (const [id, why] of claims.records[entity].failed) findings.problem(`${entity} ${id}: failed (${why})`)
}
