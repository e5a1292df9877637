// The control messages: commands, job events and progress, in Avro, by name. For the apps' shells.
// What does not belong here: what a command means (its stage), facts of a job (the tables); these are wake-ups only.
import type { BrokerError, Rec } from "@bridge/kafka/Broker"
import { Context, type Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { Run, StageError } from "./Stage.ts"

export type CommandType = "extract" | "settle" | "remap" | "redrive" | "release" | "audit"

/** A wake-up, never state. `key` is the stream, entity or dead letter it is for; `slice` what the row must say. */
export interface Command {
  readonly id: string
  readonly type: CommandType
  readonly tenantId: string
  readonly jobId: string
  readonly key: string
  readonly slice: number
  readonly atMillis: number
}
export interface NewCommand {
  readonly type: CommandType
  readonly tenantId: string
  readonly jobId: string
  readonly key?: string
  readonly slice?: number
}

/** Something happened to a job; `detail` is plain JSON. */
export interface JobEvent {
  readonly id: string
  readonly type: string
  readonly tenantId: string
  readonly jobId: string
  readonly key: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly atMillis: number
}
export interface NewJobEvent {
  readonly type: string
  readonly tenantId: string
  readonly jobId: string
  readonly key?: string
  /** Who did it, for the audit log: `system` when not given. */
  readonly actor?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

export interface Progress {
  readonly tenantId: string
  readonly jobId: string
  readonly stage: "extract" | "refine" | "load"
  readonly entity: string
  readonly rows: number
  readonly atMillis: number
}
export type NewProgress = Omit<Progress, "atMillis">

export class Commands extends Context.Service<
  Commands,
  {
    /** Puts commands into the outbox of the current transaction; the relay sends them after the commit. */
    readonly send: (commands: ReadonlyArray<NewCommand>) => Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>
    /** Rows in `job_events` and messages in the outbox, both in the current transaction (of this tenant). */
    readonly emit: (events: ReadonlyArray<NewJobEvent>) => Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>
    /** Sends progress directly, after the commit it speaks of. A lost one changes nothing. */
    readonly progress: (items: ReadonlyArray<NewProgress>) => Effect.Effect<void, BrokerError>
    /** The commands of a run; Poison when a value is not one. */
    readonly commandsOf: (run: Run) => Effect.Effect<ReadonlyArray<Command>, StageError>
    readonly eventsOf: (run: Run) => Effect.Effect<ReadonlyArray<JobEvent>, StageError>
    readonly progressOf: (
      stage: string,
      records: ReadonlyArray<Rec>
    ) => Effect.Effect<ReadonlyArray<Progress>, StageError>
  }
>()("bridge/flow/Commands") {}
