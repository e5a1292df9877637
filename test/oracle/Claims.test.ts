import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import { type Asks, readClaims, saysThere } from "./Claims.ts"

const record = (sourceId: string, state: string, outcome: string | null, reason: string | null = null) => ({
  id: `ticket:${sourceId}`,
  sourceId,
  state,
  reason,
  outcome,
  hash: `h${sourceId}`
})

/** Tickets in two pages; nothing of all else. */
const pages: Readonly<Record<string, unknown>> = {
  "/api/jobs/j/loading-results?limit=500": {
    results: [
      { entity: "ticket", topic: 7, archived: 7, hashes: { topic: "t" }, differences: [] },
      { entity: "gadget" }
    ],
    failures: [{ entity: "ticket", sourceId: "3", message: "no" }],
    next: "ticket:3"
  },
  "/api/jobs/j/loading-results?limit=500&cursor=ticket%3A3": {
    results: [],
    failures: [{ entity: "ticket", sourceId: "4", message: "never" }],
    next: null
  },
  "/api/jobs/j/records?entity=ticket&limit=500": {
    records: [
      record("1", "ready", "created"),
      record("2", "excluded", null, "spam"),
      record("3", "ready", "failed"),
      record("4", "ready", "failed")
    ],
    next: "ticket:4"
  },
  "/api/jobs/j/records?entity=ticket&limit=500&cursor=ticket%3A4": {
    records: [record("5", "ready", "merged"), record("6", "ready", "skipped"), record("7", "ready", null)],
    next: null
  }
}

const rest: Asks = {
  get: async <A>(path: string) => (pages[path] ?? { records: [], next: null }) as A
}

const sha = (...lines: ReadonlyArray<string>): string => createHash("sha256").update(lines.join("")).digest("hex")

it("counts every record of every page by itself, with the words of what failed", async () => {
  const claims = await readClaims(rest, "j")
  const { counts, excluded, failed, hashes, open } = claims.records.ticket
  expect(counts).toEqual({ archived: 7, excluded: 1, approved: 6, loaded: 1, matched: 2, failed: 2 })
  expect(open).toBe(1)
  expect([...excluded]).toEqual([["2", "spam"]])
  expect([...failed]).toEqual([
    ["3", "no"],
    ["4", "never"]
  ])
  expect(hashes.approved).toBe(sha("1\th1\n", "3\th3\n", "4\th4\n", "5\th5\n", "6\th6\n", "7\th7\n"))
  expect(hashes.loaded).toBe(sha("1\th1\n", "6\th6\n"))
  expect(claims.records.group.counts.archived).toBe(0)
})

it("takes the auditor's results as they are, and what they lack for no number", async () => {
  const { results } = await readClaims(rest, "j")
  expect([...results.keys()]).toEqual(["ticket"])
  expect(results.get("ticket")).toMatchObject({ topic: 7, dead: Number.NaN, hashes: { topic: "t" } })
})

it("expects at the destination whatever was neither left out nor failed", async () => {
  const claims = await readClaims(rest, "j")
  expect(["1", "2", "3", "5"].map((id) => saysThere(claims, "ticket", id))).toEqual([true, false, false, true])
})
