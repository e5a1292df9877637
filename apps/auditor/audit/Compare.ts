// The books side by side, record by record: topic, archive, dead letters, approval, outcomes, ledger. Pure: a fold over lines in
// the order of source ids, in constant memory. What does not belong here: where lines come from (Lines.ts).
import { createHash } from "node:crypto"

/** Everything the books say of one source id of one entity; null: that book does not know it. */
export interface Line {
  readonly id: string
  /** Newest content hash of the raw topic, over manifest batches. */
  readonly topic: string | null
  /** The hash that the archive's record carries. */
  readonly recorded: string | null
  /** The hash computed again from the archive's bytes. */
  readonly archive: string | null
  readonly dead: boolean
  /** Why it is not approved; null when it is (or is not in the archive at all). */
  readonly excluded: string | null
  /** Transformed hash of an approved record. */
  readonly approved: string | null
  /** As the approved topic has it. */
  readonly released: string | null
  readonly outcome: string | null
  /** As the loaded topic has it. */
  readonly told: string | null
  readonly loaded: string | null
  readonly ledger: {
    readonly state: string
    readonly hash: string | null
    readonly destinationId: string | null
  } | null
  /** Written inside its root's call: it has no destination id of its own. */
  readonly part: boolean
}

export interface Difference {
  readonly id: string
  readonly code: string
  readonly message: string
}

export interface Counts {
  readonly topic: number
  readonly archived: number
  readonly dead: number
  readonly excluded: number
  readonly approved: number
  readonly loaded: number
  readonly matched: number
  readonly failed: number
  readonly unknown: number
}

export interface Hashes {
  readonly topic: string
  readonly archive: string
  readonly approved: string
  readonly loaded: string
}

export interface Comparison {
  readonly counts: Counts
  readonly hashes: Hashes
  /** The first of them; `differing` counts all. */
  readonly differences: ReadonlyArray<Difference>
  readonly differing: number
}

/** Differences kept by name; all are counted. */
export const keptDifferences = 200

/** What an outcome counts as. Promise 2: approved = loaded + matched + failed, or the difference is listed. */
export const accountOf = (outcome: string): "loaded" | "matched" | "failed" | "unknown" => {
  if (outcome === "created" || outcome === "updated") return "loaded"
  if (outcome === "matched" || outcome === "skipped" || outcome === "merged") return "matched"
  return outcome === "failed" ? "failed" : "unknown"
}

/** Feed the lines in the order of their ids (by code point), then take the result. */
export const comparison = () => {
  const counts = {
    topic: 0,
    archived: 0,
    dead: 0,
    excluded: 0,
    approved: 0,
    loaded: 0,
    matched: 0,
    failed: 0,
    unknown: 0
  }
  const topic = createHash("sha256")
  const archive = createHash("sha256")
  const approved = createHash("sha256")
  const loaded = createHash("sha256")
  const differences: Array<Difference> = []
  let differing = 0
  return {
    add: (line: Line): void => {
      if (line.topic !== null) {
        counts.topic++
        // The dead are in the topic and not in the archive: both hashes are over what the archive should have.
        if (!isDead(line)) topic.update(`${line.id}\t${line.topic}\n`)
      }
      if (line.recorded !== null) {
        counts.archived++
        archive.update(`${line.id}\t${line.archive ?? ""}\n`)
      }
      if (isDead(line)) counts.dead++
      if (line.recorded !== null && line.approved === null) counts.excluded++
      if (line.approved !== null) {
        counts.approved++
        approved.update(`${line.id}\t${line.approved}\n`)
      }
      if (line.outcome !== null) counts[accountOf(line.outcome)]++
      if (line.loaded !== null && line.loaded !== "") loaded.update(`${line.id}\t${line.loaded}\n`)
      for (const [code, message] of differencesOf(line)) {
        differing++
        if (differences.length < keptDifferences) differences.push({ id: line.id, code, message })
      }
    },
    result: (): Comparison => ({
      counts: { ...counts },
      hashes: {
        topic: topic.copy().digest("hex"),
        archive: archive.copy().digest("hex"),
        approved: approved.copy().digest("hex"),
        loaded: loaded.copy().digest("hex")
      },
      differences: [...differences],
      differing
    })
  }
}

const isDead = (line: Line): boolean => line.dead && line.recorded === null && line.topic !== null

const differencesOf = (line: Line): ReadonlyArray<readonly [code: string, message: string]> => [
  ...sourceDifferences(line),
  ...approvalDifferences(line),
  ...outcomeDifferences(line)
]

const sourceDifferences = ({ archive, dead, recorded, topic }: Line): ReadonlyArray<readonly [string, string]> => {
  if (topic === null && recorded === null) return [["invented", "known only to what came after the archive"]]
  if (recorded === null) return dead ? [] : [["lost", "in the topic, neither in the archive nor in dead letters"]]
  if (topic === null) return [["not-in-topic", "in the archive, not in the topic's counted batches"]]
  const out: Array<readonly [string, string]> = []
  if (archive !== recorded)
    out.push(["archive-changed", "the archive's bytes no longer have the hash they were archived with"])
  if (topic !== recorded)
    out.push(["content-differs", "the archive holds another version than the newest of the topic"])
  return out
}

const approvalDifferences = ({ approved, outcome, released }: Line): ReadonlyArray<readonly [string, string]> => {
  if (approved === null) {
    return released !== null || outcome !== null ? [["not-approved", "released or loaded without being approved"]] : []
  }
  if (released === null) return [["not-released", "approved, not in the approved topic"]]
  return released === approved ? [] : [["released-differs", "the approved topic has another hash than the approval"]]
}

const outcomeDifferences = (line: Line): ReadonlyArray<readonly [string, string]> => {
  const { approved, ledger, outcome, part, told } = line
  if (approved === null) return []
  if (outcome === null) return [["no-outcome", "approved, and nothing became of it"]]
  const out: Array<readonly [string, string]> = []
  if (told !== outcome)
    out.push(["loaded-differs", `the loaded topic says ${told ?? "nothing"}, the results say ${outcome}`])
  const account = accountOf(outcome)
  if (account === "unknown") out.push(["outcome-unknown", "nobody knows whether the destination has it"])
  if (account !== "loaded" && account !== "matched") return out
  // Parts of what was there before have no ledger row of their own when they were matched with their root.
  if (ledger === null)
    return part && account === "matched" ? out : [...out, ["not-in-ledger", `${outcome}, not in the ledger`]]
  if (!part && ledger.destinationId === null) out.push(["no-destination-id", `${outcome}, without a destination id`])
  if (account === "loaded" && ledger.hash !== approved)
    out.push(["ledger-differs", "the ledger's hash is not the approved one"])
  return out
}
