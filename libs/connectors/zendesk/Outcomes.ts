// What Zendesk answers to writes: single records, background jobs and their results. Pure.
// Source: Zendesk API, "Job statuses": `completed` does not mean success, results are told apart by `index`, never by position;
// a failed row carries `error` or `errors`, with `details`. Jobs are kept one day, the last 100 are listed.
import { type Answer, type JsonObject, Malformed } from "@bridge/http/Call"
import { retryAfterMillis } from "@bridge/http/RetryAfter"
import type { JobAnswer, SinkAnswer, Write, WriteOutcome } from "../Connector.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf, complaintIn, complaintOf, hintOf } from "./Answers.ts"

const pollMillis = 1_000
/** Without `Retry-After` on too many jobs: a job of 100 takes seconds to minutes. */
const busyMillis = 10_000

/** The answer to a create or update of one record under `key`, or to a bulk call that gives a job. */
export const readWrite = (key: string, writes: ReadonlyArray<Write>, answer: Answer): SinkAnswer => {
  const { status } = answer
  if (status === 429)
    return { _tag: "Busy", retryAfterMillis: retryAfterMillis(answer.headers["retry-after"], 0) ?? busyMillis }
  if (status >= 200 && status < 300) return done(key, writes, answer)
  const { code, message } = complaintOf(answer)
  const hint = hintOf(status, code)
  if (status >= 500) return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Unknown", message })) }
  if (writes.length > 1) return { _tag: "BatchRefused", code, message, hint }
  return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Failed", code, message, hint })) }
}

const done = (key: string, writes: ReadonlyArray<Write>, answer: Answer): SinkAnswer => {
  const body = bodyOf(answer)
  const job = idOf(objectOf(body.job_status).id)
  if (job !== null) return { _tag: "Job", jobId: job }
  const write = writes[0]
  const id = idOf(objectOf(body[key]).id) ?? locationId(answer) ?? write?.destinationId ?? null
  if (id === null || write === undefined || writes.length > 1)
    return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Unknown", message: "the answer names no record" })) }
  const outcome: WriteOutcome = { _tag: write.destinationId === undefined ? "Created" : "Updated", destinationId: id }
  return { _tag: "Results", outcomes: [outcome] }
}

const locationId = (answer: Answer): string | null =>
  /\/(\d+)(?:\.json)?$/.exec(answer.headers.location ?? "")?.[1] ?? null

export const jobCall = (jobId: string) =>
  ({
    operation: "jobStatus",
    method: "GET",
    path: `/api/v2/job_statuses/${encodeURIComponent(jobId)}`,
    idempotent: true
  }) as const

/** Results in the order of the writes. A write that no result speaks of is Unknown. */
export const readJob = (writes: ReadonlyArray<Write>, answer: Answer): JobAnswer => {
  if (answer.status === 404) return { _tag: "Lost", message: "Zendesk no longer knows the job" }
  const job = objectOf(bodyOf(answer).job_status)
  const status = textOf(job.status)
  if (status === null) throw new Malformed("the answer holds no job_status")
  if (status === "queued" || status === "working") return { _tag: "Pending", pollAfterMillis: pollMillis }
  const results = listOf(job.results).map(objectOf)
  const said = textOf(job.message) ?? `job ${status}`
  const outcomes = writes.map((write, index): WriteOutcome => {
    const result = results.find((one) => numberOf(one.index) === index) ?? results.find((one) => sameKey(one, write))
    return result === undefined
      ? { _tag: "Unknown", message: `no result for this record (${said})` }
      : outcomeOf(result)
  })
  return { _tag: "Done", outcomes }
}

const numberOf = (value: JsonObject[string] | undefined): number | null => {
  const id = idOf(value)
  return id === null ? null : Number(id)
}

const sameKey = (result: JsonObject, write: Write): boolean =>
  result.index === undefined && write.sourceKey !== "" && idOf(result.external_id) === write.sourceKey

/** Two writes met in Zendesk's database: it says nothing of the record, which is looked for and sent again. */
const collision = /^database(conflict|deadlock)$/iu

/** An error in either form outweighs an id; `errors: ""` and `success: true` are none. */
export const outcomeOf = (result: JsonObject): WriteOutcome => {
  const id = idOf(result.id)
  const fault = faultOf(result)
  if (fault !== null && result.success !== true && collision.test(fault.code))
    return { _tag: "Unknown", message: fault.message }
  if (fault !== null && result.success !== true) return { _tag: "Failed", ...fault, hint: hintOf(422, fault.code) }
  if (id === null) return { _tag: "Unknown", message: "the result names no record" }
  const updated = textOf(result.action) === "update" || textOf(result.status) === "Updated"
  return { _tag: updated ? "Updated" : "Created", destinationId: id }
}

const faultOf = (result: JsonObject): { readonly code: string; readonly message: string } | null => {
  const given = [result.error, result.errors].filter(
    (value) => value !== undefined && value !== null && value !== "" && value !== false
  )
  const lists = given.filter((value) => !Array.isArray(value) || value.length > 0)
  if (lists.length === 0 && result.success !== false) return null
  const { code, message } = complaintIn(
    { ...result, description: textOf(result.description) ?? textOf(result.message) ?? "" },
    "failed"
  )
  const errors = textOf(result.errors)
  return { code, message: message === code && errors !== null && errors !== "" ? errors : message }
}

/** The jobs that may still be working; not all are known when the list is full. */
export const readOpenJobs = (
  answer: Answer
): { readonly open: ReadonlyArray<string>; readonly known: boolean; readonly listed: ReadonlyArray<string> } => {
  const body = bodyOf(answer)
  if (!Array.isArray(body.job_statuses)) throw new Malformed("the answer holds no job_statuses")
  const jobs = listOf(body.job_statuses).map(objectOf)
  const open = jobs
    .filter((job) => ["queued", "working"].includes(textOf(job.status) ?? ""))
    .flatMap((job) => idOf(job.id) ?? [])
  const more = objectOf(body.meta).has_more === true || textOf(body.next_page) !== null
  return { open, known: jobs.length < 100 && !more, listed: jobs.flatMap((job) => idOf(job.id) ?? []) }
}
