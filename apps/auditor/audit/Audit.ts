// The stage `audit`: compares the books when a load has ended, then reads the destination back and writes the report. Every
// step is kept when it is done, so that a second command, or one after a crash, goes on where the first one stood.
import { Connections } from "@bridge/connectors/Connections"
import { hashJson } from "@bridge/domain/Canonical"
import { entities as allEntities, entity as entityOf, loadOrder, partsOf } from "@bridge/domain/Entities"
import { Commands } from "@bridge/flow/Commands"
import { controlAddress } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import type { Command } from "@bridge/flow/Messages"
import { orStageError } from "@bridge/flow/Retry"
import { type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import type { Elements } from "@bridge/review/Elements"
import type { Blobs } from "@bridge/store/Blobs"
import { asTenant } from "@bridge/store/Postgres"
import { Clock, Config, DateTime, Duration, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { appendTenant } from "../chain/Chain.ts"
import { head } from "../chain/Log.ts"
import { freshStatistics } from "./Fresh.ts"
import { type AuditJob, adaptations, auditJob, failures, tallied } from "./Job.ts"
import { compareEntity } from "./Lines.ts"
import { readBack } from "./ReadBack.ts"
import { recount } from "./Recount.ts"
import { holds, ordered, page, type Report } from "./Report.ts"
import { findings, results, saveComparison, saveFindings } from "./Results.ts"
import type { ReadBack } from "./There.ts"

export interface AuditSettings {
  /** Tickets whose comments are read back, a call each. */
  readonly comments: number
  /** In place of the vendors' own lags, for tests and sandboxes; null: theirs. */
  readonly lagMillis: number | null
  /** How long the books may be behind before they are compared as they are. */
  readonly patienceMillis: number
}

export const settings: Config.Config<AuditSettings> = Config.all({
  comments: Config.Int("BRIDGE_AUDIT_COMMENTS").pipe(Config.withDefault(5_000)),
  lagMillis: Config.option(Config.Duration("BRIDGE_AUDIT_LAG")).pipe(
    Config.map(Option.match({ onNone: () => null, onSome: Duration.toMillis }))
  ),
  patienceMillis: Config.Duration("BRIDGE_AUDIT_PATIENCE").pipe(
    Config.withDefault(Duration.minutes(2)),
    Config.map(Duration.toMillis)
  )
})

export type AuditNeeds = Blobs | Commands | Connections | Elements | SqlClient.SqlClient | VendorHttp

const handle = (config: AuditSettings) => (run: Run) =>
  Effect.gen(function* () {
    if (run.topic !== controlTopic("commands")) return yield* appendTenant(run.tenantId)
    const commands = yield* Commands
    for (const command of yield* commands.commandsOf(run)) yield* audit(run, command, config)
  }).pipe(
    Effect.catchTag(["BlobError", "VaultError", "ConnectionError", "VendorError"], (cause) =>
      Effect.fail(new StageError({ stage: run.stage, reason: new Transient({ cause }) }))
    ),
    orStageError(run.stage)
  )

const audit = (run: Run, { jobId, tenantId }: Command, config: AuditSettings) =>
  Effect.gen(function* () {
    const job = yield* asTenant(tenantId)(auditJob(jobId))
    if (job === undefined || job.auditComplete || !["loading", "completed"].includes(job.state)) return
    if (!job.balanced) yield* balance(run, job, config)
    yield* complete(run, job, config)
  })

/** Compares the books, once they are complete or patience is over; the job can be completed then. */
const balance = (run: Run, job: AuditJob, config: AuditSettings) =>
  Effect.gen(function* () {
    const { id: jobId, tenantId } = job
    const until = (yield* Clock.currentTimeMillis) + config.patienceMillis
    while (!(yield* asTenant(tenantId)(tallied(jobId))) && (yield* Clock.currentTimeMillis) < until)
      yield* run.waiting(Effect.sleep("250 millis"))
    yield* recount(tenantId, jobId, job.sourceConnection)
    yield* run.transaction(freshStatistics)
    const wanted = allEntities.filter((e) => job.entities.includes(e.id))
    const compared = yield* Effect.forEach(wanted, (e) =>
      Effect.map(asTenant(tenantId)(compareEntity(jobId, e)), (c) => ({ entity: e.id, c }))
    )
    yield* run.transaction(
      Effect.gen(function* () {
        for (const { c, entity } of compared) yield* saveComparison(tenantId, jobId, entity, c)
        const differing = compared.reduce((n, { c }) => n + c.differing, 0)
        const detail = { differing, hashes: Object.fromEntries(compared.map(({ c, entity }) => [entity, c.hashes])) }
        yield* (yield* Commands).emit([{ type: "balanced", tenantId, jobId, detail }])
      })
    )
  })

/** What the destination holds, compared; what differs, by entity. */
const readAll = (run: Run, job: AuditJob, { comments: most, lagMillis }: AuditSettings) =>
  Effect.gen(function* () {
    const { id: jobId, tenantId } = job
    const connection = yield* (yield* Connections).open(tenantId, job.destinationConnection)
    const scope = { ...job, jobId }
    let comments = { tickets: 0, read: 0 }
    const targets = loadOrder.flatMap(({ id: entity }): ReadonlyArray<ReadBack> => {
      const sink = connection.connector.sinks.find((s) => s.entity === entity)
      if (sink === undefined || !job.entities.includes(entity)) return []
      return [{ scope, connection, sink, entity, comments: most, lagMillis, waiting: run.waiting }]
    })
    // Problems, changes and tickets may stand in one list of the destination: it is read once for all of them.
    for (const group of Map.groupBy(targets, (t) => t.sink.readBack.stream).values()) {
      const read = yield* readBack(group)
      comments = { tickets: comments.tickets + read.talks, read: comments.read + read.commentsRead }
    }
    const seen = new Set(targets.flatMap((t) => [t.entity, ...partsOf(t.entity).map((e) => e.id)]))
    const wanted = allEntities.filter((e) => seen.has(e.id) && job.entities.includes(e.id))
    const found = yield* Effect.forEach(wanted, ({ id }) =>
      Effect.map(asTenant(tenantId)(findings(jobId, id, entityOf(id).writtenWith.length > 0)), (list) => ({
        entity: id,
        list
      }))
    )
    return { comments, found }
  })

const nothingRead: Effect.Success<ReturnType<typeof readAll>> = { comments: { tickets: 0, read: 0 }, found: [] }

/** Reads the destination back and writes the report; `audit_complete` only with it. */
const complete = (run: Run, job: AuditJob, config: AuditSettings) =>
  Effect.gen(function* () {
    const { id: jobId, tenantId } = job
    const { comments, found } = job.expired ? nothingRead : yield* readAll(run, job, config)
    yield* appendTenant(tenantId)
    const auditedAt = DateTime.formatIso(yield* DateTime.now)
    yield* run.transaction(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        for (const { entity, list } of found) yield* saveFindings(jobId, entity, list)
        // As it stands now: the job may have been completed while the destination was read.
        const report = yield* reportOf((yield* auditJob(jobId)) ?? job, comments, auditedAt)
        yield* sql`insert into reports as r (tenant_id, job_id, kind, body, html, hash)
          values (${tenantId}::uuid, ${jobId}::uuid, 'audit', ${JSON.stringify(report)}::jsonb, ${page(report)},
            ${hashJson(report)})
          on conflict (job_id, kind) do update set body = excluded.body, html = excluded.html, hash = excluded.hash, created_at = now()`
        yield* sql`update jobs set audit_complete = true, updated_at = now() where id = ${jobId}::uuid`
        yield* (yield* Commands).emit([
          {
            type: "audited",
            tenantId,
            jobId,
            detail: { holds: report.holds, report: hashJson(report) }
          }
        ])
      })
    )
  })

const reportOf = (job: AuditJob, comments: Report["readBack"]["comments"], auditedAt: string) =>
  Effect.gen(function* () {
    const entities = ordered(yield* results(job.id))
    const report: Report = {
      format: 1,
      job: {
        id: job.id,
        name: job.name,
        source: job.sourceAccount,
        destination: job.destinationAccount,
        state: job.state,
        startedAt: job.startedAt,
        endedAt: job.endedAt
      },
      approval: job.approval,
      asked: job.asked,
      auditedAt,
      // Records that were removed while the destination was read were not all compared either.
      holds: !job.expired && holds(entities),
      entities,
      failures: yield* failures(job.id),
      adapted: yield* adaptations(job.id),
      readBack: { done: !job.expired, comments, note: job.expired ? expiredNote : noteOf(comments) },
      chain: yield* head(job.tenantId)
    }
    return report
  })

const expiredNote =
  "What was extracted was removed when its time was over, before the destination could be read back: nothing was compared with it."

const noteOf = ({ read, tickets }: Report["readBack"]["comments"]): string =>
  read >= tickets
    ? `Every record was looked up at the destination and compared field by field, the comments of all ${tickets} tickets too, and their files byte for byte.`
    : `Every record was looked up at the destination and compared field by field; comments and files were read for a sample of ${read} of ${tickets} tickets.`

const commandOfAudit = controlAddress(["audit"], "job")
const anyEvent = controlAddress(null, "job")

/** Commands for the audit; job events wake the chain of their tenant. */
export const auditStage = (config: AuditSettings): Stage<AuditNeeds> => ({
  stage: "audit",
  topics: [controlTopic("commands"), controlTopic("job-events")],
  address: (rec) => (rec.topic === controlTopic("commands") ? commandOfAudit(rec) : anyEvent(rec)),
  runsInFlight: 1,
  permits: 4,
  maxBytes: 8 * 1024 * 1024,
  maxPartitionBytes: 1024 * 1024,
  retryFor: "6 hours",
  handle: handle(config)
})
