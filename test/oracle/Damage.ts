// Ways to damage the perfect copy, and what the oracle makes of it. For Oracle.test.ts and Grown.test.ts.
import { type EntityName, entityNames } from "./Findings.ts"
import { claimsOf, type Desk, desk, truthOf } from "./OracleFixture.ts"
import { type Proof, proofOf } from "./Proof.ts"
import type { Destination, FoundTicket } from "./Truth.ts"

export const proof = (change: (desk: Desk) => void = () => {}): Promise<Proof> => {
  const changed = desk()
  change(changed)
  return proofOf(truthOf(changed), claimsOf(changed), "acme")
}

export type Kind = "missing" | "doubled" | "changed"
export type Counts = Partial<Record<EntityName, Partial<Record<Kind, number>>>>

/** What is found at all, without zeros. */
export const counted = ({ json }: Proof): Counts => {
  const counts: Counts = {}
  for (const entity of entityNames) {
    const row = json.entities[entity]
    for (const kind of ["missing", "doubled", "changed"] as const)
      if (row !== undefined && row[kind] > 0) counts[entity] = { ...counts[entity], [kind]: row[kind] }
  }
  return counts
}

export const inTicket = (at: number, row: Partial<FoundTicket>) => (damaged: Desk) => {
  const line = damaged.destination.ticket[at] as Destination["ticket"]
  damaged.destination.ticket[at] = { ...line, row: { ...line.row, ...row } }
}

export type Comments = Array<Destination["ticket"]["comments"][number]>
export const inComments = (at: number, change: (comments: Comments) => void) => (damaged: Desk) => {
  const line = damaged.destination.ticket[at] as Destination["ticket"]
  const comments = [...line.comments]
  change(comments)
  damaged.destination.ticket[at] = { ...line, comments }
}
export const inComment = (at: number, place: number, row: Partial<Comments[number]>) =>
  inComments(at, (comments) => {
    comments[place] = { ...(comments[place] as Comments[number]), ...row }
  })

export const again = (damaged: Desk, kind: string): void => {
  const write = damaged.ledger.find((one) => one.kind === kind)
  if (write !== undefined) damaged.ledger.push({ ...write, seq: damaged.ledger.length + 1, id: 9_999 })
}

export interface Damage {
  readonly what: string
  readonly change: (desk: Desk) => void
  readonly counts: Counts
  readonly line: RegExp
}
export const damage = (what: string, line: RegExp, counts: Counts, change: (desk: Desk) => void): Damage => ({
  what,
  change,
  counts,
  line
})
export const one = (entity: EntityName, kind: Kind, times = 1): Counts => ({ [entity]: { [kind]: times } })
export const ticketChanged = one("ticket", "changed")
export const commentChanged = one("comment", "changed")
export const fileChanged = one("attachment", "changed")
