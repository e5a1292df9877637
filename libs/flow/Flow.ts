// The map as data: stages, what they read and write, and the topics that follow from it and the entity catalogue.
// For the runtime, the deploy step, the docs and their tests. What does not belong here: behaviour.
import { type Entity, type EntityId, entities } from "@bridge/domain/Entities"
import { type CutKind, type CutStep, kindAfter } from "./Cuts.ts"

/** Those of cuts are there only where the refiner's chain is cut. */
export type TopicKind = "raw" | CutKind | "normalized" | "approved" | "loaded"
export type ControlTopic = "commands" | "job-events" | "progress" | "alerts" | "dead-letters"

export interface StageMap {
  readonly stage: string
  readonly app: "scheduler" | "extractor" | "refiner" | "loader" | "auditor" | "api"
  /** source: manifest, send, checkpoint; projection: idempotent, produce then commit; transition: rows move forward, outbox; view: reads only. */
  readonly kind: "source" | "projection" | "transition" | "view"
  readonly reads: ReadonlyArray<TopicKind | ControlTopic>
  readonly writes: ReadonlyArray<TopicKind | ControlTopic>
  /** The ordering domain. */
  readonly actor: string
  readonly steps?: ReadonlyArray<string>
  /** Command types (Commands.ts) that wake this stage. */
  readonly commands: ReadonlyArray<string>
}

export const flow: ReadonlyArray<StageMap> = [
  {
    stage: "schedule",
    app: "scheduler",
    kind: "transition",
    reads: ["job-events"],
    writes: ["commands", "job-events"],
    actor: "job",
    commands: []
  },
  {
    stage: "extract",
    app: "extractor",
    kind: "source",
    reads: ["commands"],
    writes: ["raw", "job-events", "progress"],
    actor: "job, stream",
    commands: ["extract"]
  },
  {
    stage: "refine",
    app: "refiner",
    kind: "projection",
    reads: ["raw"],
    writes: ["normalized", "job-events", "progress"],
    actor: "job, stream",
    steps: ["process", "resolve", "link", "transform"],
    commands: []
  },
  {
    stage: "settle",
    app: "refiner",
    kind: "transition",
    reads: ["commands"],
    writes: ["job-events", "progress"],
    actor: "job",
    commands: ["settle", "remap", "redrive"]
  },
  {
    stage: "release",
    app: "loader",
    kind: "transition",
    reads: ["commands"],
    writes: ["approved", "job-events"],
    actor: "job, phase",
    commands: ["release"]
  },
  {
    stage: "load",
    app: "loader",
    kind: "transition",
    reads: ["approved"],
    writes: ["loaded", "job-events", "progress"],
    actor: "load batch",
    commands: []
  },
  {
    stage: "tally",
    app: "auditor",
    kind: "projection",
    reads: ["raw", "approved", "loaded"],
    writes: [],
    actor: "job, entity",
    commands: []
  },
  {
    stage: "audit",
    app: "auditor",
    kind: "transition",
    reads: ["job-events", "commands"],
    writes: ["job-events"],
    actor: "job",
    commands: ["audit"]
  },
  {
    stage: "live",
    app: "api",
    kind: "view",
    reads: ["progress", "job-events"],
    writes: [],
    actor: "tenant",
    commands: []
  }
]

export interface Topic {
  readonly name: string
  readonly kind: TopicKind | ControlTopic
  readonly entity: EntityId | null
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
  /** File in avro/ whose schema the values have; null: bytes as they were (dead letters). */
  readonly schema: string | null
}

const day = 86_400_000
const config = (days: number): Readonly<Record<string, string>> => ({
  "cleanup.policy": "delete",
  "retention.ms": String(days * day),
  "max.message.bytes": String(2 * 1024 * 1024),
  "compression.type": "producer"
})

export const recordTopic = (kind: TopicKind, entity: EntityId): string => `bridge.${kind}.${entity}.v1`
export const controlTopic = (name: ControlTopic): string => `bridge.${name}.v1`

const has = (kind: TopicKind, e: Entity): boolean =>
  kind === "raw" || kind === "processed" || kind === "resolved"
    ? e.derivedFrom === null
    : kind === "normalized"
      ? true
      : e.writtenWith.length === 0

/** Every topic of the system. `embedded` keeps all of them at 6 partitions. What passes a cut is a raw record still. */
export const topics = (embedded: boolean, cuts: ReadonlyArray<CutStep> = []): ReadonlyArray<Topic> => [
  ...(["raw", ...cuts.map(kindAfter), "normalized", "approved", "loaded"] as const).flatMap((kind) =>
    entities
      .filter((e) => has(kind, e))
      .map((e) => ({
        name: recordTopic(kind, e.id),
        kind,
        entity: e.id,
        partitions: embedded ? 6 : e.partitions,
        config: config(14),
        schema: kind === "normalized" ? `normalized-${e.id}` : kind === "approved" || kind === "loaded" ? kind : "raw"
      }))
  ),
  ...(
    [
      ["commands", 7, "command"],
      ["job-events", 7, "job-event"],
      ["progress", 2, "progress"],
      ["alerts", 30, "alert"],
      ["dead-letters", 30, null]
    ] as const
  ).map(([name, days, schema]) => ({
    name: controlTopic(name),
    kind: name,
    entity: null,
    partitions: embedded ? 6 : 12,
    config: config(days),
    schema
  }))
]
