// The headers of a record: what routes it without decoding its value. For stages (`address`) and producers.
// What does not belong here: values and schemas, anything that needs an Effect; these run once per record.
import type { Rec } from "@bridge/kafka/Broker"
import type { Address } from "./Stage.ts"

/** A header as text; the first one where a foreign producer repeated it. */
export const header = (rec: Rec, name: string): string | undefined => {
  const value = rec.header === undefined ? rec.headers[name] : rec.header(name)
  if (value === undefined || typeof value === "string") return value
  if (Buffer.isBuffer(value)) return value.toString("utf8")
  const first = (value as ReadonlyArray<Buffer | string>)[0]
  return first === undefined ? undefined : first.toString()
}

const required = (rec: Rec, name: string): string => {
  const value = header(rec, name)
  if (value === undefined || value === "") throw new Error(`header ${name} is missing`)
  return value
}

/** CloudEvents in binary mode, and the tenant. `subject` is `<job>/<key>`; `ce_id` stays the same on every repeat. */
export interface Event {
  readonly id: string
  /** `bridge.command.extract`, `bridge.raw.ticket` ... */
  readonly type: string
  /** The app that writes it: `bridge/extractor`. */
  readonly source: string
  readonly subject: string
  readonly tenantId: string
  readonly atMillis: number
}

export const eventHeaders = (e: Event): Record<string, string> => ({
  "content-type": "application/vnd.confluent.avro",
  ce_specversion: "1.0",
  ce_id: e.id,
  ce_source: e.source,
  ce_type: e.type,
  ce_time: new Date(e.atMillis).toISOString(),
  ce_subject: e.subject,
  bridge_tenant: e.tenantId
})

/**
 * Id of a manifest batch as a run: `<actor>#<epoch>.<number>`, e.g. `job/stream#3.17`. The epoch keeps an abandoned
 * batch apart from the same number read again by a new owner.
 */
export const runId = (actor: string, epoch: bigint | number, batch: number): string => `${actor}#${epoch}.${batch}`

/** Value of the header `bridge_run`: the run, the record's position in it (from 0) and the run's size. */
export const runHeader = (id: string, position: number, size: number): string => `${id} ${position} ${size}`

const runPattern = /^(\S+)#(\d+)\.(\d+)$/

/** The manifest batch a run id names, or undefined when it names none. */
export const batchOf = (
  id: string
): { readonly actor: string; readonly epoch: bigint; readonly batch: number } | undefined => {
  const m = runPattern.exec(id)
  return m === null ? undefined : { actor: m[1] as string, epoch: BigInt(m[2] as string), batch: Number(m[3]) }
}

/**
 * Address of a record that travels in a manifest batch (`raw`, `approved`, `loaded`): actor and run from `bridge_run`.
 * Null for a record without it, written for those who tap (`op: end`).
 */
export const batchAddress = (rec: Rec): Address | null => {
  const run = header(rec, "bridge_run")
  if (run === undefined) return null
  const beforeSize = run.lastIndexOf(" ")
  const beforePosition = run.lastIndexOf(" ", beforeSize - 1)
  const mark = run.lastIndexOf("#", beforePosition)
  const position = Number(run.slice(beforePosition + 1, beforeSize))
  const size = Number(run.slice(beforeSize + 1))
  if (mark < 1 || !Number.isSafeInteger(position) || !Number.isSafeInteger(size) || position < 0 || position >= size)
    throw new Error("header bridge_run is not `<actor>#<epoch>.<batch> <position> <size>`")
  return {
    tenantId: required(rec, "bridge_tenant"),
    actor: run.slice(0, mark),
    run: { id: run.slice(0, beforePosition), position, size },
    eventId: required(rec, "ce_id")
  }
}

const jobOf = (subject: string): string => {
  const slash = subject.indexOf("/")
  return slash < 0 ? subject : subject.slice(0, slash)
}

/**
 * Address of a control message (command, job event, progress). `types` are the short names this stage handles, null for
 * all; others are finished at once. The actor is `<job>/<key>`, or the job alone.
 */
export const controlAddress =
  (types: ReadonlyArray<string> | null, actor: "job" | "job, key") =>
  (rec: Rec): Address | null => {
    const type = required(rec, "ce_type")
    if (types !== null && !types.includes(type.slice(type.lastIndexOf(".") + 1))) return null
    const subject = required(rec, "ce_subject")
    return {
      tenantId: required(rec, "bridge_tenant"),
      actor: actor === "job" ? jobOf(subject) : subject,
      run: null,
      eventId: required(rec, "ce_id")
    }
  }
