// The book-keeping of the proof: every equation between source, topic, archive, approval and destination, entity by entity.
// Numbers on one side are Bridge's, on the other ours; what does not add up is a line.
import type { Claims, Records, Result } from "./Claims.ts"
import { type EntityName, entityNames, type Findings, type Found } from "./Findings.ts"

export const checkEquations = ({ records, results }: Claims, findings: Findings): void => {
  for (const entity of entityNames) {
    const result = results.get(entity)
    if (result === undefined) {
      findings.problem(`${entity}: the auditor has no result`)
      continue
    }
    const holds = (what: string, left: number, right: number): void => {
      if (left !== right) findings.problem(`${entity}: ${what} does not hold: ${left} and ${right}`)
    }
    books(holds, result, findings.counts[entity])
    onlyCounted(holds, result, records[entity])
    hashes(findings, entity, result, records[entity])
    said(holds, result, findings.counts[entity])
    for (const difference of result.differences.slice(0, 50))
      findings.problem(`${entity}: the auditor found ${JSON.stringify(difference)}`)
  }
}

type Holds = (what: string, left: number, right: number) => void

const books = (holds: Holds, result: Result, found: Found): void => {
  const { approved, archived, dead, excluded, failed, loaded, matched, topic } = result
  holds("source = topic", found.source, topic)
  holds("topic = archived + dead", topic, archived + dead)
  holds("dead = 0 (every row of the sandbox is sound)", dead, 0)
  holds("archived = approved + excluded", archived, approved + excluded)
  holds("approved = loaded + matched + failed", approved, loaded + matched + failed)
  holds("excluded = what the rules leave out", excluded, found.excluded)
  holds("failed = what must fail", failed, found.failed)
}

/** The auditor's counts against the records, counted one by one. */
const onlyCounted = (holds: Holds, result: Result, { counts, open }: Records): void => {
  for (const count of ["archived", "excluded", "approved", "loaded", "matched", "failed"] as const)
    holds(`${count} in the results = ${count} among the records`, result[count], counts[count])
  holds("approved records without an outcome = 0", open, 0)
}

const hashes = (findings: Findings, entity: EntityName, { hashes: told }: Result, { hashes: ours }: Records): void => {
  const same = (what: string, left: unknown, right: unknown): void => {
    if (typeof left !== "string" || left === "" || left !== right)
      findings.problem(`${entity}: ${what}: ${String(left)} and ${String(right)}`)
  }
  same("hash of the topic = hash of the archive", told["topic"], told["archive"])
  same("hash approved = hash over the approved records", told["approved"], ours.approved)
  same("hash loaded = hash over what was approved of the records that were written", told["loaded"], ours.loaded)
}

/** Bridge reads the destination back by itself and must come to the same end. */
const said = (holds: Holds, result: Result, found: Found): void => {
  for (const count of ["missing", "doubled", "changed"] as const)
    holds(`${count} as the auditor says = ${count} as found`, result[count], found[count])
}
