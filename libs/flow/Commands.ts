// Sends and reads the control messages: commands, job events and progress. For the apps' shells.
// What does not belong here: what a command means (its stage), facts of a job (the tables); these are wake-ups only.
import { randomUUID } from "node:crypto"
import type { Codec } from "@bridge/kafka/Avro"
import { type BrokerError, Producer, type Rec } from "@bridge/kafka/Broker"
import type { RegistryError } from "@bridge/kafka/Registry"
import { Schemas } from "@bridge/kafka/Schemas"
import { enqueue } from "@bridge/store/Outbox"
import { Clock, Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { eventHeaders } from "./Envelope.ts"
import { type ControlTopic, controlTopic } from "./Flow.ts"
import * as Messages from "./Messages.ts"
import { Partitions } from "./Partition.ts"
import { Poison, type Run, StageError, Transient } from "./Stage.ts"

type InTransaction = Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>

export class Commands extends Context.Service<
  Commands,
  {
    /** Puts commands into the outbox of the current transaction; the relay sends them after the commit. */
    readonly send: (commands: ReadonlyArray<Messages.NewCommand>) => InTransaction
    /** Rows in `job_events` and messages in the outbox, both in the current transaction (of this tenant). */
    readonly emit: (events: ReadonlyArray<Messages.NewJobEvent>) => InTransaction
    /** Sends progress directly, after the commit it speaks of. A lost one changes nothing. */
    readonly progress: (items: ReadonlyArray<Messages.NewProgress>) => Effect.Effect<void, BrokerError>
    /** The commands of a run; Poison when a value is not one. */
    readonly commandsOf: (run: Run) => Effect.Effect<ReadonlyArray<Messages.Command>, StageError>
    readonly eventsOf: (run: Run) => Effect.Effect<ReadonlyArray<Messages.JobEvent>, StageError>
    readonly progressOf: (
      stage: string,
      records: ReadonlyArray<Rec>
    ) => Effect.Effect<ReadonlyArray<Messages.Progress>, StageError>
  }
>()("bridge/flow/Commands") {
  /** Fails when the schemas of the control topics are not registered: the deploy step has not run. */
  static readonly layer: Layer.Layer<Commands, RegistryError, Schemas | Producer | Partitions> = Layer.effect(
    Commands,
    Effect.suspend(() => make())
  )
}

const make = Effect.fnUntraced(function* () {
  const schemas = yield* Schemas
  const producer = yield* Producer
  const partitions = yield* Partitions
  const topic = (name: ControlTopic, schema: string) => ({ name: controlTopic(name), schema })
  const commands = yield* schemas.codecFor<Messages.CommandValue>(topic("commands", "command"))
  const events = yield* schemas.codecFor<Messages.JobEventValue>(topic("job-events", "job-event"))
  const progress = yield* schemas.codecFor<Messages.ProgressValue>(topic("progress", "progress"))

  const outgoing = <A extends Identified>(codec: Codec<A>, kind: string, value: A) => ({
    topic: codec.topic,
    key: value.tenant_id,
    partition: partitions.of(codec.topic, value.tenant_id),
    payload: codec.encode(value),
    headers: headersOf(kind, value.id, value, value.key)
  })

  return Commands.of({
    send: (items) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        enqueue(items.map((c) => outgoing(commands, `command.${c.type}`, Messages.commandValue(c, randomUUID(), at))))
      ),
    emit: (items) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        const values = items.map((e) => Messages.jobEventValue(e, randomUUID(), at))
        const messages = values.map((v) => outgoing(events, `job-event.${v.type}`, v))
        return Effect.andThen(insertEvents(items), enqueue(messages))
      }),
    progress: (items) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        producer.sendAll(
          items.map((p) => {
            const value = Messages.progressValue(p, at)
            const headers = headersOf("progress", randomUUID(), value, p.entity)
            return {
              topic: progress.topic,
              partition: partitions.of(progress.topic, p.tenantId),
              messages: [{ key: p.tenantId, value: progress.encode(value), headers }]
            }
          })
        )
      ),
    commandsOf: (run) => read(run.stage, run.records, commands, Messages.commandOf),
    eventsOf: (run) => read(run.stage, run.records, events, Messages.jobEventOf),
    progressOf: (stage, records) => read(stage, records, progress, Messages.progressOf)
  })
})

interface Placed {
  readonly tenant_id: string
  readonly job_id: string
  readonly at: number
}
type Identified = Placed & { readonly id: string; readonly key: string }

const headersOf = (kind: string, id: string, value: Placed, key: string) =>
  eventHeaders({
    id,
    type: `bridge.${kind}`,
    source: "bridge/flow",
    subject: `${value.job_id}/${key}`,
    tenantId: value.tenant_id,
    atMillis: value.at
  })

const insertEvents = (events: ReadonlyArray<Messages.NewJobEvent>) =>
  events.length === 0
    ? Effect.void
    : Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`insert into job_events (tenant_id, job_id, type, actor, detail)
          select t::uuid, j::uuid, y, a, d::jsonb
          from unnest(${events.map((e) => e.tenantId)}::text[], ${events.map((e) => e.jobId)}::text[],
            ${events.map((e) => e.type)}::text[], ${events.map((e) => e.actor ?? "system")}::text[],
            ${events.map((e) => JSON.stringify(e.detail ?? {}))}::text[]) with ordinality as u(t, j, y, a, d, n)
          order by n`
      )

/** All or nothing: control messages are runs of one record. */
const read = <V, A>(stage: string, records: ReadonlyArray<Rec>, codec: Codec<V>, of: (value: V) => A) => {
  const values = records.flatMap((rec) => (rec.value === null ? [] : [rec.value]))
  return codec.decodeAll(values).pipe(
    Effect.mapError((error) => (error.transient ? new Transient({ cause: error }) : undecodable(error))),
    Effect.flatMap((decoded) => Effect.try({ try: () => decoded.map(of), catch: undecodable })),
    Effect.mapError((reason) => new StageError({ stage, reason }))
  )
}

const undecodable = (error: unknown): Poison =>
  new Poison({ errorClass: "Undecodable", message: error instanceof Error ? error.message : String(error) })
