// The control messages as our code knows them and as avro/ has them: commands, job events, progress. For Commands.ts and
// whoever names their types. What does not belong here: sending and reading them (Commands.ts).

export const commandTypes = ["extract", "settle", "remap", "redrive", "release", "audit"] as const
export type CommandType = (typeof commandTypes)[number]

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

/** A stage has moved on by `rows`. */
export interface Progress {
  readonly tenantId: string
  readonly jobId: string
  readonly stage: string
  readonly entity: string
  readonly rows: number
  readonly atMillis: number
}
export type NewProgress = Omit<Progress, "atMillis" | "stage"> & { readonly stage: "extract" | "refine" | "load" }

/** avro/command.avsc */
export interface CommandValue {
  readonly id: string
  readonly type: string
  readonly tenant_id: string
  readonly job_id: string
  readonly key: string
  readonly slice: number
  readonly at: number
}
/** avro/job-event.avsc */
export interface JobEventValue {
  readonly id: string
  readonly type: string
  readonly tenant_id: string
  readonly job_id: string
  readonly key: string
  readonly detail: string | null
  readonly at: number
}
/** avro/progress.avsc */
export interface ProgressValue {
  readonly tenant_id: string
  readonly job_id: string
  readonly stage: string
  readonly entity: string
  readonly rows: number
  readonly at: number
}

export const commandValue = (c: NewCommand, id: string, at: number): CommandValue => ({
  id,
  type: c.type,
  tenant_id: c.tenantId,
  job_id: c.jobId,
  key: c.key ?? "",
  slice: c.slice ?? 0,
  at
})

/** Throws for a type that this version does not know. */
export const commandOf = (v: CommandValue): Command => {
  const type = commandTypes.find((t) => t === v.type)
  if (type === undefined) throw new Error(`unknown command ${v.type}`)
  return { id: v.id, type, tenantId: v.tenant_id, jobId: v.job_id, key: v.key, slice: v.slice, atMillis: v.at }
}

export const jobEventValue = (e: NewJobEvent, id: string, at: number): JobEventValue => ({
  id,
  type: e.type,
  tenant_id: e.tenantId,
  job_id: e.jobId,
  key: e.key ?? "",
  detail: JSON.stringify(e.detail ?? {}),
  at
})

/** Throws when `detail` is not JSON. */
export const jobEventOf = (v: JobEventValue): JobEvent => ({
  id: v.id,
  type: v.type,
  tenantId: v.tenant_id,
  jobId: v.job_id,
  key: v.key,
  detail: v.detail === null ? {} : JSON.parse(v.detail),
  atMillis: v.at
})

export const progressValue = (p: NewProgress, at: number): ProgressValue => ({
  tenant_id: p.tenantId,
  job_id: p.jobId,
  stage: p.stage,
  entity: p.entity,
  rows: p.rows,
  at
})

export const progressOf = (v: ProgressValue): Progress => ({
  tenantId: v.tenant_id,
  jobId: v.job_id,
  stage: v.stage,
  entity: v.entity,
  rows: v.rows,
  atMillis: v.at
})
