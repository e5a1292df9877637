// What became of calls whose answer is lost: first nothing may still be on its way, then the vendor is asked, and only what
// is surely absent is sent again (Promise 4). Where even the vendor cannot tell, a person decides: never a guess.
import type { Lookup } from "@bridge/connectors/Connector"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { nullable } from "@bridge/store/Arrays"
import { asTenant } from "@bridge/store/Postgres"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { vendorJobsBefore } from "./Batches.ts"
import { type Desk, patiently, stillOurs, type Work } from "./Desk.ts"
import { complete } from "./Further.ts"
import { markUnknown, settle, withdraw } from "./Ledger.ts"
import { pages } from "./Match.ts"
import { isGone } from "./Owner.ts"
import type { Intent } from "./Plan.ts"
import { settlementsOf } from "./Send.ts"

/** A record with an intent and no result. */
export interface Doubt {
  readonly work: Work
  /** As it was committed; null when even that is not known: everything is waited for then. */
  readonly intent: Intent | null
  /** The call was ours and has ended: nothing of it can still leave. */
  readonly ended: boolean
}

/** `found`: it was done. `absent`: it surely was not. `undecided`: nobody can tell yet. */
export type Finding =
  | { readonly _tag: "found"; readonly destinationId: string }
  | { readonly _tag: "absent" }
  | { readonly _tag: "undecided" }

/** Finds out about every doubt and writes it into the ledger, where the next plan reads it. */
export const resolve = (desk: Desk, doubts: ReadonlyArray<Doubt>) =>
  Effect.gen(function* () {
    const findings = new Map<string, Finding>()
    for (const d of doubts) {
      const decided = d.intent?.decided
      if (decided === "absent") findings.set(d.work.sourceId, { _tag: "absent" })
      else if (decided !== undefined) findings.set(d.work.sourceId, { _tag: "found", ...decided })
    }
    const open = doubts.filter((d) => !findings.has(d.work.sourceId))
    yield* settled(desk, open)
    const quiet = open.every((d) => d.intent !== null && !d.intent.bulk) || (yield* jobsEnded(desk, open))
    for (const d of open.filter((o) => o.intent?.op === "update")) findings.set(d.work.sourceId, { _tag: "absent" })
    const asked = open.filter((d) => d.intent?.op !== "update")
    if (quiet) yield* lookUp(desk, asked, findings)
    else {
      // Not even the list of jobs can tell what is still queued: what is found is found, the rest stays open.
      yield* lookUp(desk, asked, findings)
      for (const d of asked)
        if (findings.get(d.work.sourceId)?._tag === "absent") findings.set(d.work.sourceId, { _tag: "undecided" })
    }
    const there = doubts.flatMap(({ intent, work }) => {
      const finding = findings.get(work.sourceId)
      return finding?._tag === "found" && intent?.op !== "update"
        ? [{ work, destinationId: finding.destinationId, matched: false }]
        : []
    })
    yield* complete(desk, there)
    yield* desk.transaction(Effect.andThen(stillOurs(desk), note(desk, doubts, findings)))
    return findings
  })

/** Waits until no byte of the calls can be on its way any more: their deadline and a margin, or, for our own, the margin. */
const settled = (desk: Desk, doubts: ReadonlyArray<Doubt>) =>
  Effect.gen(function* () {
    if (doubts.length === 0) return
    const sql = yield* SqlClient.SqlClient
    // A process that was killed sends nothing any more: its deadline need not be waited for.
    const over = (d: Doubt): boolean => d.ended || isGone(d.intent?.owner)
    const deadlines = doubts.map((d) => (over(d) ? null : (d.intent?.deadline ?? null)))
    const [row] = yield* asTenant(desk.card.tenantId)(
      sql<{
        left: number | null
      }>`select (extract(epoch from max(d::timestamptz) - clock_timestamp()) * 1000)::float8 as left
        from unnest(${nullable(deadlines)}::text[]) as t(d)`
    )
    const unknownSince = doubts.some((d) => !d.ended && d.intent === null) ? desk.timing.deadlineMillis : 0
    const left = Math.max(0, row?.left ?? 0, unknownSince)
    yield* desk.waiting(Effect.sleep(left + desk.timing.marginMillis))
  })

/**
 * Waits until every job the vendor still has open has ended; those that begin later cannot be from our calls. False when the vendor's
 * list cannot be relied on: it is cut, and shows no job that is known to be older than the calls.
 */
const jobsEnded = (desk: Desk, doubts: ReadonlyArray<Doubt>) =>
  Effect.gen(function* () {
    const { openJobs } = desk.sink
    if (openJobs === undefined) return true
    const http = yield* VendorHttp
    const oldest = doubts.map((d) => d.intent?.at ?? "").toSorted()[0] ?? ""
    const older =
      oldest === ""
        ? new Set<string>()
        : yield* asTenant(desk.card.tenantId)(vendorJobsBefore(desk.book.destinationAccount, oldest))
    const seen = yield* patiently(desk)((connection) =>
      http.read(connection, openJobs.call(connection.config), (answer) => openJobs.read(answer), { mode: "live" })
    )
    if (seen._tag === "Failure") return false
    const { known, listed, open } = seen.success
    if (!known && listed?.some((id) => older.has(id)) !== true) return false
    for (const id of open) yield* jobOver(desk, id)
    return true
  })

/** Waits until one job of the vendor has ended, whatever it did. */
const jobOver = (desk: Desk, id: string) =>
  Effect.gen(function* () {
    const { jobStatus, readJob } = desk.sink
    if (jobStatus === undefined || readJob === undefined) return
    const http = yield* VendorHttp
    const { config } = desk.connection
    const call = jobStatus.call(desk.sink, config, id)
    for (;;) {
      const seen = yield* patiently(desk)((connection) =>
        http.read(connection, call, (answer) => readJob.call(desk.sink, config, [], answer)._tag, { mode: "live" })
      )
      if (seen._tag === "Failure" || seen.success !== "Pending") return
      yield* desk.waiting(Effect.sleep(desk.timing.glanceMillis))
    }
  })

/** Until then what reads its own writes is enough; later it may have left an older record out (archives). */
const freshMillis = 60 * 60_000

/** Asks by source key: what reads its own writes, and for older calls also what lags: its lag is over for them. */
const lookUp = (desk: Desk, doubts: ReadonlyArray<Doubt>, findings: Map<string, Finding>) =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const isFresh = (d: Doubt): boolean =>
      d.ended || (d.intent !== null && nowMillis - Date.parse(d.intent.at) < freshMillis)
    const strong = desk.sink.lookup.filter((l) => l.strong)
    const weak = desk.sink.lookup.filter((l) => !l.strong)
    const missing = yield* ask(desk, strong, doubts, findings)
    const unsure = strong.length === 0 ? missing : missing.filter((d) => !isFresh(d))
    if (unsure.length > 0 && weak.length > 0) {
      yield* desk.waiting(Effect.sleep(unsure.some(isFresh) ? Math.max(...weak.map((l) => l.lagMillis)) : 0))
      yield* ask(desk, weak, unsure, findings)
    }
    const able = desk.sink.lookup.length > 0
    for (const { work } of missing)
      if (!findings.has(work.sourceId)) findings.set(work.sourceId, { _tag: able ? "absent" : "undecided" })
  })

/** Those that none of the look-ups finds; undecided are those that the vendor does not let us look for. */
const ask = (
  desk: Desk,
  lookups: ReadonlyArray<Lookup<unknown>>,
  doubts: ReadonlyArray<Doubt>,
  findings: Map<string, Finding>
) =>
  Effect.gen(function* () {
    const missing: Array<Doubt> = []
    for (const doubt of doubts) {
      const { sourceId, write } = doubt.work
      let ids: ReadonlyArray<string> = []
      for (const lookup of lookups) {
        if (ids.length > 0) break
        const seen = yield* pages(desk, lookup, lookup.call(desk.connection.config, write), write)
        if (seen === null) findings.set(sourceId, { _tag: "undecided" })
        ids = seen?.ids ?? []
      }
      const first = ids[0]
      if (first === undefined) missing.push(doubt)
      else findings.set(sourceId, { _tag: "found", destinationId: first })
      if (ids.length > 1)
        yield* Effect.logError("more than one destination record of a source key", { key: write.sourceKey, ids })
    }
    return missing
  })

/** What was found out, in the ledger: done by the job that meant to, absent again, or open. */
const note = (desk: Desk, doubts: ReadonlyArray<Doubt>, findings: ReadonlyMap<string, Finding>) =>
  Effect.gen(function* () {
    const idsOf = (tag: Finding["_tag"]) =>
      doubts.map((d) => d.work.sourceId).filter((id) => findings.get(id)?._tag === tag)
    yield* withdraw(desk.book, desk.sink.entity, idsOf("absent"))
    yield* markUnknown(desk.book, desk.sink.entity, idsOf("undecided"))
    for (const { intent, work } of doubts) {
      const finding = findings.get(work.sourceId)
      if (finding?._tag !== "found") continue
      const { destinationId } = finding
      const outcome = { word: "created", destinationId, hash: intent?.hash ?? work.hash, error: null } as const
      const parts = intent?.parts ?? work.parts
      yield* settle(
        desk.book,
        intent?.job ?? desk.card.id,
        settlementsOf(desk, { sourceId: work.sourceId, parts }, outcome)
      )
    }
  })
