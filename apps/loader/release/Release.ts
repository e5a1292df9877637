// The stage `release`: cuts what was approved into load batches, in archive order, as fast as the window lets it. One actor
// per job and phase. A slice is short; while nobody else waits it goes on in place, else it sends its own continuation.
import { cleaned } from "@bridge/connectors/Clean"
import { Connections } from "@bridge/connectors/Connections"
import type { JsonObject } from "@bridge/connectors/Connector"
import { entityHasher } from "@bridge/domain/Approval"
import { type EntityId, entityNamed, loadOrder, partsOf } from "@bridge/domain/Entities"
import { windowLoadBatches } from "@bridge/domain/Jobs"
import { Commands } from "@bridge/flow/Commands"
import { controlAddress } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import type { Command } from "@bridge/flow/Messages"
import { orStageError } from "@bridge/flow/Retry"
import { type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { Wakeups } from "@bridge/flow/Wakeups"
import { secretsOf } from "@bridge/http/Scrub"
import { reviewedEntity } from "@bridge/review/Reviewed"
import { enqueue } from "@bridge/store/Outbox"
import { asTenant } from "@bridge/store/Postgres"
import { Clock, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { bookOf, type Desk, sinkOf, type Timing } from "../Desk.ts"
import { ensure, objectId } from "../Ensure.ts"
import { type JobCard, jobCard, leave } from "../Guard.ts"
import type { LoaderNeeds } from "../Loader.ts"
import { approvedMessages } from "../Messages.ts"
import { self } from "../Owner.ts"
import { bell, closeAfterRelease, closeIfDone, openBatches } from "../Phases.ts"
import { ensurePlaceholder, placeholderWanted } from "../Placeholder.ts"
import { ensureJoins } from "./Joins.ts"
import { ensureLinkFields } from "./Links.ts"
import {
  abandoned,
  cut,
  insertBatches,
  lockPhase,
  mergedLeft,
  type Position,
  savePhase,
  select,
  start
} from "./Select.ts"

/** How long a slice works before it lets others pass. */
const sliceMillis = 5_000
/** Records in a batch where the vendor takes them one by one. */
const loneBatch = 50

type Step = "released" | "full" | "paused" | "over" | "ended"

const handle = (timing: Timing) => (run: Run) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    for (const command of yield* commands.commandsOf(run)) {
      const entity = entityNamed(command.key)?.id
      if (entity !== undefined) yield* release(run, command, entity, timing)
    }
  }).pipe(
    Effect.catchTag(["BlobError", "VaultError", "RegistryError", "ConnectionError"], (cause) =>
      Effect.fail(new StageError({ stage: run.stage, reason: new Transient({ cause }) }))
    ),
    orStageError(run.stage)
  )

const release = (run: Run, command: Command, entity: EntityId, timing: Timing) =>
  Effect.gen(function* () {
    const { jobId, tenantId } = command
    const opening = yield* run.transaction(open(tenantId, jobId, entity, command.slice))
    if (opening === undefined) return
    const card = yield* asTenant(tenantId)(jobCard(jobId))
    if (card === undefined) return
    const connection = yield* (yield* Connections).open(tenantId, card.destinationConnection)
    const sink = sinkOf(connection.connector, entity)
    if (opening.fresh) {
      if (!(yield* asApproved(card, entity))) return
      yield* standIn(run, card, entity, timing)
      yield* objects(run, card, entity, timing)
      yield* linkFields(run, card, entity, timing)
      yield* memberships(run, card, entity, timing)
    }
    const size = sink?.createMany === undefined ? loneBatch : Math.max(1, sink.batchSize)
    const began = yield* Clock.currentTimeMillis
    for (;;) {
      const step: Step = yield* run.transaction(next(card, entity, size))
      if (step === "ended") yield* run.transaction(closeAfterRelease(tenantId, jobId, entity))
      if (step === "over" || step === "ended") return
      if (step === "full" || step === "paused") yield* roomFor(run, card, entity)
      const late = (yield* Clock.currentTimeMillis) - began > sliceMillis
      if (late && (yield* run.crowded)) return yield* run.transaction(goOn(card, entity))
    }
  })

/** Is this command for the phase as it stands? Looks after batches that hang, and closes a phase that is through. */
const open = (tenantId: string, jobId: string, entity: EntityId, slice: number) =>
  Effect.gen(function* () {
    const phase = yield* lockPhase(jobId, entity)
    if (phase === undefined || phase.done) return undefined
    if ((yield* leave(jobId)) !== "go") return undefined
    for (const batch of yield* abandoned(jobId, entity)) {
      const key = { tenantId, jobId, entity, number: batch.number }
      yield* enqueue(yield* approvedMessages(key, phase.phase, batch.records))
    }
    yield* closeIfDone(tenantId, jobId, entity)
    return phase.ended || phase.slice !== slice ? undefined : { fresh: phase.position === null }
  })

/** Promise 3: what is about to be released is, as a whole, what the approval names. Told once; nothing is released else. */
const asApproved = (card: JobCard, entity: EntityId) =>
  Effect.gen(function* () {
    const wanted = [entity, ...partsOf(entity).map((e) => e.id)].filter((e) => card.entities.includes(e))
    if (yield* asTenant(card.tenantId)(refused(card))) return false
    const wrong: Array<string> = []
    for (const id of wanted) {
      const { hash } = yield* asTenant(card.tenantId)(Effect.andThen(longer, reviewedEntity(card.id, id)))
      if (card.hashes[id] !== hash) wrong.push(id)
    }
    if (wrong.length === 0) return true
    yield* Effect.logError("the archive is not what was approved; nothing is released", {
      job: card.id,
      entities: wrong
    })
    yield* asTenant(card.tenantId)(refuse(card, entity, wrong))
    return false
  })

/** A large job's hash takes longer than a transaction may; this one holds nothing that others need. */
const longer = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`select set_config('transaction_timeout', '10min', true)`
)

/** True when this revision was refused before: its hash need not be computed again at every wake-up. */
const refused = (card: JobCard) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const told = yield* sql`select 1 from job_events where job_id = ${card.id}::uuid and type = 'release-refused'
      and (detail->>'revision')::int = ${card.revision} limit 1`
    return told.length > 0
  })

const refuse = (card: JobCard, entity: EntityId, wrong: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const detail = { entity, differs: wrong, revision: card.revision }
    yield* (yield* Commands).emit([
      { type: "release-refused", tenantId: card.tenantId, jobId: card.id, key: entity, detail }
    ])
  })

const standIn = (run: Run, card: JobCard, entity: EntityId, timing: Timing) =>
  Effect.gen(function* () {
    const entities = [entity, ...partsOf(entity).map((e) => e.id)]
    if (!(yield* asTenant(card.tenantId)(placeholderWanted(card.id, entities)))) return
    const desk = yield* loneDesk(run, card, "person", timing)
    if (desk !== undefined) yield* ensurePlaceholder(desk)
  })

const nothingApproved = entityHasher().result().hash

/** The objects whose records follow, and those that their fields point at; none where no record was approved. */
const objects = (run: Run, card: JobCard, entity: EntityId, timing: Timing) =>
  Effect.gen(function* () {
    const wanted = [...card.objectsBefore(entity), ...objectsOfOthers(card, entity)]
    if (wanted.length === 0 || card.hashes[entity] === nothingApproved) return
    const desk = yield* loneDesk(run, card, "asset-type", timing)
    if (desk === undefined) return
    for (const { body, entity: of } of wanted)
      yield* ensure(desk, objectId(of), body as JsonObject, `the object of ${of}`)
  })

/** A plan has room for few objects: those of all that follows are made before kinds of assets take the rest. */
const objectsOfOthers = (card: JobCard, entity: EntityId) =>
  entity === "asset-type"
    ? loadOrder
        .filter(({ id }) => id !== entity && (card.hashes[id] ?? nothingApproved) !== nothingApproved)
        .flatMap(({ id }) => card.objectsBefore(id))
    : []

/** The fields that lead to assets: their kinds are there when the assets come. */
const linkFields = (run: Run, card: JobCard, entity: EntityId, timing: Timing) =>
  Effect.gen(function* () {
    if (entity !== "asset" || card.linkField === null || card.hashes[entity] === nothingApproved) return
    const desk = yield* loneDesk(run, card, "custom-field", timing)
    if (desk !== undefined) yield* ensureLinkFields(desk, card.linkField)
  })

const memberships = (run: Run, card: JobCard, entity: EntityId, timing: Timing) =>
  Effect.gen(function* () {
    for (const join of card.joinsOf(entity)) {
      const desk = yield* loneDesk(run, card, join.kind === "group" ? "group-member" : "further-organization", timing)
      if (desk !== undefined) yield* ensureJoins(desk, entity, join)
    }
  })

/** For a record that no batch brings. */
const loneDesk = (run: Run, card: JobCard, made: EntityId | "further-organization", timing: Timing) =>
  Effect.gen(function* () {
    const connection = yield* (yield* Connections).open(card.tenantId, card.destinationConnection)
    const { connector } = connection
    const sink = made === "further-organization" ? connector.furtherOrganizations : sinkOf(connector, made)
    if (sink === undefined) return undefined
    const { transaction, waiting } = run
    const desk: Desk = {
      transaction,
      waiting,
      card,
      book: bookOf(card),
      connection,
      // Asked for at each answer: the connection may have been opened anew.
      sink: cleaned(sink, () => secretsOf(desk.connection)),
      timing,
      owner: self,
      batch: null
    }
    return desk
  })

/** Releases what the window has room for: rows, messages and position in one transaction. */
const next = (card: JobCard, entity: EntityId, size: number) =>
  Effect.gen(function* () {
    const { id: jobId, tenantId } = card
    const phase = yield* lockPhase(jobId, entity)
    if (phase === undefined || phase.ended) return "over" satisfies Step
    const may = yield* leave(jobId)
    if (may === "paused") return "paused" satisfies Step
    if (may !== "go") return "over" satisfies Step
    const open = yield* openBatches(jobId, entity)
    const from: Position = phase.position ?? start(0)
    // The merged ones follow those that stand for them: not before everything else is through.
    const room = windowLoadBatches - open
    if (room <= 0 || (from.pass === 1 && from.batch < 0 && open > 0)) return "full" satisfies Step
    const found = yield* select(jobId, entity, from, size * Math.min(room, 4))
    const batches = cut(found.records, size, phase.nextBatch)
    yield* insertBatches(tenantId, jobId, entity, phase.phase, batches)
    for (const b of batches) {
      yield* enqueue(yield* approvedMessages({ tenantId, jobId, entity, number: b.number }, phase.phase, b.records))
    }
    const ended = found.ended && (from.pass === 1 || !(yield* mergedLeft(jobId, entity)))
    const position = found.ended && from.pass === 0 ? start(1) : found.last
    yield* savePhase(jobId, entity, { position, nextBatch: phase.nextBatch + batches.length, ended })
    if (!ended) return "released" satisfies Step
    yield* (yield* Commands).emit([
      { type: "released", tenantId, jobId, key: entity, detail: { batches: phase.nextBatch + batches.length } }
    ])
    return "ended" satisfies Step
  })

/** Waits without a permit until the window has room again, or the job is no longer to be loaded; touches the phase. */
const roomFor = (run: Run, card: JobCard, entity: EntityId) =>
  Effect.gen(function* () {
    const wakeups = yield* Wakeups
    const look = asTenant(card.tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`update load_phases set updated_at = now() where job_id = ${card.id}::uuid and entity = ${entity}`
        const [job] = yield* sql<{
          paused: boolean
          live: boolean
        }>`select paused, state = 'loading' and not cancel_requested as live
          from jobs where id = ${card.id}::uuid`
        if (job?.live !== true) return Option.some("over" as const)
        if (job.paused) return Option.none()
        const [phase] = yield* sql<{ position: Position | null }>`select position from load_phases
          where job_id = ${card.id}::uuid and entity = ${entity}`
        const barrier = phase?.position?.pass === 1 && phase.position.batch < 0
        const open = yield* openBatches(card.id, entity)
        return open < (barrier ? 1 : windowLoadBatches) ? Option.some("room" as const) : Option.none()
      })
    )
    yield* run.waiting(wakeups.until(bell(card.id), look, "1 second"))
  })

/** Ends the slice; the continuation waits its turn behind the others. */
const goOn = (card: JobCard, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ slice: number }>`update load_phases set slice = slice + 1, updated_at = now()
      where job_id = ${card.id}::uuid and entity = ${entity} returning slice`
    if (row === undefined) return
    const commands = yield* Commands
    yield* commands.send([{ type: "release", tenantId: card.tenantId, jobId: card.id, key: entity, slice: row.slice }])
  })

/** One release of a phase at a time; many jobs side by side. */
export const releaseStage = (timing: Timing): Stage<LoaderNeeds | Wakeups> => ({
  stage: "release",
  topics: [controlTopic("commands")],
  address: controlAddress(["release"], "job, key"),
  runsInFlight: 1,
  permits: 4,
  maxBytes: 4 * 1024 * 1024,
  maxPartitionBytes: 1024 * 1024,
  handle: handle(timing)
})
