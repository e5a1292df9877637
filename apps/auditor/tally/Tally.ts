// The stage `tally`: the auditor's own books of the raw, approved and loaded topics, a row per batch. A projection: any batch
// may come again, in any order. Which batches of the manifest count is decided at the audit.
import { Connections } from "@bridge/connectors/Connections"
import { type EntityId, entities, entityNamed } from "@bridge/domain/Entities"
import { batchAddress } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import { orStageError } from "@bridge/flow/Retry"
import { Poison, type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { schemaIdOf } from "@bridge/kafka/Avro"
import { envelope, type Fields, type Parts, undivided } from "@bridge/kafka/Envelope"
import { Schemas, schemaText } from "@bridge/kafka/Schemas"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { enter, type TallyStage } from "./Books.ts"
import {
  type ApprovedLine,
  countApproved,
  countLoaded,
  countRaw,
  type Derive,
  type LoadedLine,
  type RawLine,
  type Tally
} from "./Count.ts"
import { deriver } from "./Derived.ts"

const kinds = ["raw", "approved", "loaded"] as const satisfies ReadonlyArray<TallyStage>

/** `bridge.raw.ticket.v1` */
const subjectOf = (topic: string): { readonly kind: (typeof kinds)[number]; readonly entity: EntityId } | undefined => {
  const [, kindText, entityText] = topic.split(".")
  const kind = kinds.find((k) => k === kindText)
  const entity = entityNamed(entityText ?? "")?.id
  return kind === undefined || entity === undefined ? undefined : { kind, entity }
}

const handle = (run: Run) =>
  Effect.gen(function* () {
    const subject = subjectOf(run.topic)
    const jobId = run.actor.split("/")[0] ?? ""
    if (subject === undefined) return
    const tallies = yield* subject.kind === "raw"
      ? rawTallies(run, subject.entity)
      : loadTallies(run, subject.kind, subject.entity)
    yield* run.transaction(enter(run.tenantId, jobId, subject.kind, tallies))
  }).pipe(
    Effect.catchTag(["RegistryError", "AvroError"], (cause) =>
      Effect.fail(
        new StageError({
          stage: run.stage,
          reason: cause.transient
            ? new Transient({ cause })
            : new Poison({ errorClass: "Undecodable", message: cause.message })
        })
      )
    ),
    orStageError(run.stage)
  )

const valuesOf = (run: Run): ReadonlyArray<Buffer> => run.records.flatMap((r) => (r.value === null ? [] : [r.value]))

const loadTallies = (run: Run, kind: "approved" | "loaded", entity: EntityId) =>
  Effect.gen(function* () {
    const schemas = yield* Schemas
    const topic = { name: run.topic, schema: kind }
    if (kind === "approved") {
      const codec = yield* schemas.codecFor<ApprovedLine>(topic)
      return countApproved(entity, yield* codec.decodeAll(valuesOf(run)))
    }
    const codec = yield* schemas.codecFor<LoadedLine>(topic)
    return countLoaded(entity, yield* codec.decodeAll(valuesOf(run)))
  })

const bytes: ReadonlySet<string> = new Set(["raw"])

const rawTallies = (run: Run, entity: EntityId) =>
  Effect.gen(function* () {
    const schemas = yield* Schemas
    const codec = yield* schemas.codecFor<Fields>({ name: run.topic, schema: "raw" })
    const quick = envelope(schemaText("raw"), codec.schemaId).batchReader(bytes, "row_stream")
    const values = valuesOf(run)
    yield* codec.prepare(values)
    const read = Effect.try({
      try: () =>
        values.map((value) => (schemaIdOf(value) === codec.schemaId ? quick(value) : undivided(codec.decode(value)))),
      catch: (cause) =>
        new StageError({
          stage: run.stage,
          reason: new Poison({
            errorClass: "Undecodable",
            message: cause instanceof Error ? cause.message : String(cause)
          })
        })
    })
    const parts = yield* read
    const first = parts[0]
    if (first === undefined) return [] as ReadonlyArray<Tally>
    const derive = yield* deriveOf(run, entity, first)
    return countRaw(entity, parts.map(lineOf), derive)
  })

/** Only rows that bring other records (groups with members) are looked into. */
const deriveOf = (run: Run, entity: EntityId, first: Parts) =>
  Effect.gen(function* () {
    if (!entities.some((e) => e.derivedFrom === entity)) return null
    const connections = yield* Connections
    return yield* connections.open(run.tenantId, String(first.shared["connection_id"])).pipe(
      Effect.map((connection): Derive | null => deriver(connection, String(first.own["row_stream"]))),
      Effect.mapError((cause) => new StageError({ stage: run.stage, reason: new Transient({ cause }) }))
    )
  })

const lineOf = ({ own, shared }: Parts): RawLine => {
  const raw = own["raw"]
  return {
    stream: String(shared["stream"]),
    batch: Number(shared["batch"]),
    epoch: Number(shared["epoch"]),
    sourceId: String(own["source_id"]),
    version: String(own["version"]),
    contentHash: String(own["content_hash"]),
    body: raw === null || raw === undefined ? null : Buffer.isBuffer(raw) ? raw : Buffer.from(String(raw), "utf8")
  }
}

export const tallyStage: Stage<Connections | Schemas | SqlClient.SqlClient> = {
  stage: "tally",
  topics: [
    ...entities.filter((e) => e.derivedFrom === null).map((e) => recordTopic("raw", e.id)),
    ...entities
      .filter((e) => e.writtenWith.length === 0)
      .flatMap((e) => [recordTopic("approved", e.id), recordTopic("loaded", e.id)])
  ],
  // `op: end` and the like travel without a batch: they are for those who tap.
  address: batchAddress,
  runsInFlight: 4,
  permits: 4,
  maxBytes: 32 * 1024 * 1024,
  maxPartitionBytes: 8 * 1024 * 1024,
  handle
}
