// The comparison of a migration's two ends, made from the sandbox's corpus, ledger and destination alone.
// Tickets stream by three times at most and are held as digests, so that 200,000 of them fit in memory.

import { type Claims, saysThere } from "./Claims.ts"
import { type CustomFields, customFields } from "./CustomFields.ts"
import { differences } from "./Differences.ts"
import { compareFiles, judgeFiles, type Placed, readFiles } from "./Files.ts"
import { type EntityName, Findings } from "./Findings.ts"
import { type NoteWanted, untold } from "./Notes.ts"
import { comparePeople } from "./People.ts"
import { type Beside, type Both, digestOf, is, plain, type TicketPicture } from "./Picture.ts"
import { type Context, comparePlaces, sourceKey } from "./Places.ts"
import { isOversize, type Statuses } from "./Rules.ts"
import { compareThings } from "./Things.ts"
import { type WorkEntity, workEntities, workOf } from "./Work.ts"
import { readWrites } from "./Writes.ts"

export interface Comparison {
  readonly findings: Findings
  /** Tickets that failed because they must. */
  readonly failedOnPurpose: ReadonlyArray<string>
}

/** A ticket, problem or change that must be at the destination. */
interface Expected {
  readonly entity: WorkEntity
  readonly id: number
  /** Empty where only a look at both pictures can tell. */
  readonly digest: string
  readonly comments: number
  readonly notes: ReadonlyArray<NoteWanted>
  readonly files: ReadonlyArray<Placed & { readonly id: number }>
  records: number
}

/** So many are looked at closely; of those beyond it is only said that they differ. */
const mostPictures = 5_000

export const compare = async (
  truth: Context["truth"],
  claims: Claims,
  instance: string,
  statuses: Statuses
): Promise<Comparison> => {
  const findings = new Findings()
  const context: Context = { truth, claims, findings, instance, writes: await readWrites(truth.ledger()) }
  const there = await truth.destinationFields()
  const fields = customFields(await truth.sourceFields(), there)
  const places = await comparePlaces(context)
  const people = await comparePeople(context, places)
  const links = await compareThings(context, places, people, there)
  const files = await readFiles(context)
  const problems = await problemTickets(context)
  const both: Both = { people, places, fields, links, statuses, files, problems }
  const purpose = new Set((await truth.expectedFailures()).filter((f) => f.entity === "ticket").map((f) => f.id))
  const sides = await readSource(context, both, purpose)
  const differing = await readDestination(context, both, sides.expected)
  await compareClosely(context, both, fields, differing)
  onlyAsExpected(claims, findings)
  for (const line of context.writes.unexplained()) findings.problem(line)
  return { findings, failedOnPurpose: sides.failedOnPurpose }
}

const keyOf = (entity: WorkEntity, id: number): string => `${entity} ${id}`

/** What a destination ticket stands for. */
const standsFor = (instance: string, external: string | null): Pick<Expected, "entity" | "id"> | undefined => {
  for (const entity of workEntities) {
    const prefix = sourceKey(instance, entity, "")
    if (external?.startsWith(prefix)) return { entity, id: Number(external.slice(prefix.length)) }
  }
  return undefined
}

const problemTickets = async ({ truth, instance }: Context): Promise<ReadonlyMap<number, number>> => {
  const tickets = new Map<number, number>()
  for await (const { deleted, row } of truth.destination("ticket")) {
    const of = standsFor(instance, row.external_id)
    if (!deleted && of?.entity === "problem") tickets.set(of.id, row.id)
  }
  return tickets
}

/** Everything the source holds: counted, judged against what Bridge left out or failed, and kept as digests. */
const readSource = async (
  { truth, claims, findings, writes, instance }: Context,
  both: Both,
  purpose: ReadonlySet<number>
): Promise<{ readonly expected: Map<string, Expected>; readonly failedOnPurpose: ReadonlyArray<string> }> => {
  const expected = new Map<string, Expected>()
  const failedOnPurpose: Array<string> = []
  const { comment } = findings.counts
  for await (const work of workOf(truth, both)) {
    const { comments, entity, id, notes, why } = work
    const fails = why === null && entity === "ticket" && purpose.has(id)
    const counts = findings.counts[entity]
    counts.source++
    comment.source += comments.length
    if (why !== null) counts.excluded++
    if (why !== null) comment.excluded += comments.length
    if (fails) counts.failed++
    if (fails) comment.failed += comments.length
    judge(claims, findings, entity, String(id), why, fails)
    for (const child of comments) judge(claims, findings, "comment", child, why, fails)
    const files = judgeFiles({ claims, findings }, writes, work.files, why !== null, fails)
    if (fails) {
      const words = claims.records.ticket.failed.get(String(id))
      failedOnPurpose.push(`ticket ${id}${words === undefined || words === "" ? "" : `: ${words}`}`)
    }
    if (why !== null || fails || !saysThere(claims, entity, String(id))) continue
    writes.explain("ticket", sourceKey(instance, entity, id))
    const picture = work.picture()
    expected.set(keyOf(entity, id), {
      entity,
      id,
      digest: picture.comments.some(({ body }) => isOversize(body)) ? "" : digestOf(picture),
      comments: comments.length,
      notes,
      files: work.placed(files),
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
  expected: ReadonlyMap<string, Expected>
): Promise<ReadonlyMap<string, TicketPicture>> => {
  const differing = new Map<string, TicketPicture>()
  for await (const line of truth.destination("ticket")) {
    const of = line.deleted ? undefined : standsFor(instance, line.row.external_id)
    if (of === undefined) continue
    const key = keyOf(of.entity, of.id)
    const must = expected.get(key)
    if (must === undefined) {
      findings.problem(`${key}: is at the destination (as ${line.row.id}) and must not be`)
      continue
    }
    must.records++
    if (must.records > 1) continue
    const picture = is(line, both)
    compareBeside(findings, must, picture)
    if (must.digest === digestOf(picture)) continue
    if (differing.size < mostPictures) differing.set(key, plain(picture))
    else findings.changed(of.entity, of.id, "as a whole", "that of the source", "another")
  }
  for (const { comments, entity, files, id, records } of expected.values()) {
    if (records === 0) {
      findings.missing(entity, id)
      findings.counts.comment.missing += comments
      findings.counts.attachment.missing += files.length
    }
    const most = Math.max(records, writes.creates("ticket", sourceKey(instance, entity, id)))
    if (most > 1) {
      findings.doubled(entity, id, most - 1, `was written ${most} times`)
      findings.counts.comment.doubled += comments * (most - 1)
      findings.counts.attachment.doubled += files.length * (most - 1)
    }
  }
  return differing
}

/** Files byte for byte, and that our own notes tell what they must. */
const compareBeside = (
  findings: Findings,
  { entity, files, id, notes }: Expected,
  { files: found, told }: Beside
): void => {
  compareFiles(findings, keyOf(entity, id), files, found)
  for (const note of notes)
    for (const word of untold(note, told.get(note.title) ?? ""))
      findings.changed(entity, id, `note "${note.title}"`, word, told.get(note.title) ?? null)
}

/** Once more through the source, for those alone whose digests differ. */
const compareClosely = async (
  { truth, findings }: Context,
  both: Both,
  fields: CustomFields,
  differing: ReadonlyMap<string, TicketPicture>
): Promise<void> => {
  if (differing.size === 0) return
  for await (const work of workOf(truth, both)) {
    const found = differing.get(keyOf(work.entity, work.id))
    if (found !== undefined) differences(findings, fields, work, work.picture(), found)
  }
}

/** Of people and places nothing is left out and nothing fails. */
const onlyAsExpected = (claims: Claims, findings: Findings): void => {
  for (const entity of ["person", "group", "department", "location", "problem", "change"] as const)
    for (const [id, why] of claims.records[entity].excluded) findings.problem(`${entity} ${id}: is left out (${why})`)
  for (const entity of [
    "person",
    "group",
    "group-member",
    "department",
    "location",
    "asset-type",
    "asset",
    "relation"
  ] as const)
    for (const [id, why] of claims.records[entity].failed) findings.problem(`${entity} ${id}: failed (${why})`)
}
