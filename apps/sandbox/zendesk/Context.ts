// What a Zendesk route is given: the account, the call, who calls, and the shape every route has.
import type { Call, Reply } from "../Reply.ts"
import { isObject, jsonBody } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { badRequest, Refused, recordInvalid, tooManyJobs } from "./Errors.ts"
import type { Job } from "./Jobs.ts"
import { jobRow } from "./Jobs.ts"
import type { User } from "./Model.ts"
import type { Input } from "./Reading.ts"

export type Context = {
  readonly account: ZendeskAccount
  readonly call: Call
  readonly caller: User
  /** The number in the path, or 0. */
  readonly id: number
  /** What the variable parts of the path are, as sent. */
  readonly parts: ReadonlyArray<string>
}

export type Route = {
  readonly operation: string
  readonly method: string
  readonly pattern: RegExp
  readonly adminOnly: boolean
  readonly answer: (context: Context) => Reply
}

export const route = (
  method: string,
  operation: string,
  path: string,
  answer: Route["answer"],
  adminOnly = false
): Route => ({
  operation,
  method,
  pattern: new RegExp(`^/api/v2/${path.replaceAll("{id}", "(\\d+)")}(?:\\.json)?/?$`),
  adminOnly,
  answer
})

/** The object under `key` in the body, handed to `write`; what `write` refuses becomes a 422. */
export const withBody = (context: Context, key: string, write: (input: Input) => Reply): Reply => {
  const body = jsonBody(context.call)
  const input = body?.[key]
  if (!isObject(input)) return badRequest(`Parameter ${key} is required`)
  return refusable(() => write(input))
}

export const refusable = (write: () => Reply): Reply => {
  try {
    return write()
  } catch (error) {
    if (error instanceof Refused) return recordInvalid(error.details)
    throw error
  }
}

/** How a job tells about a row that went well or not; the key sets differ by kind of job. */
export type RowResult = {
  readonly done: (index: number, id: number | string) => object
  readonly failed: (index: number, refused: Refused) => object
}

export const importResult: RowResult = {
  done: (index, id) => ({ index, id }),
  failed: (index, refused) => ({ index, error: "RecordInvalid", details: refused.message })
}

export const peopleResult: RowResult = {
  done: (index, id) => ({ index, id, status: "Created", success: true }),
  failed: (index, refused) => ({ index, status: "Failed", success: false, errors: refused.message })
}

const batchMaximum = 100

/** Starts a job over the list under `key`, unless too many are running; rows are written while it works. */
export const startJob = (
  context: Context,
  type: string,
  key: string,
  result: RowResult,
  write: (input: Input, job: Job) => number
): Reply | Job =>
  startJobOver(context, type, key, jsonBody(context.call)?.[key], result, (row, job) =>
    write(isObject(row) ? row : {}, job)
  )

/** The same over a list that stands elsewhere; `key` is what it is called. */
export const startJobOver = (
  { account }: Context,
  type: string,
  key: string,
  rows: unknown,
  result: RowResult,
  write: (row: unknown, job: Job) => number | string
): Reply | Job => {
  if (!Array.isArray(rows) || rows.length === 0) return badRequest(`Parameter ${key} is required`)
  if (rows.length > batchMaximum) return badRequest(`${key} must not hold more than ${batchMaximum} items`)
  const running = account.jobs.running()
  if (running.length >= account.jobs.limit)
    return tooManyJobs(
      type,
      running.map((job) => job.id)
    )
  return account.jobs.start(type, rows.length, (index, job) => {
    try {
      return result.done(index, write(rows[index], job))
    } catch (error) {
      if (error instanceof Refused) return result.failed(index, error)
      throw error
    }
  })
}

export const isJob = (value: Reply | Job): value is Job => "results" in value

export const jobBody = (account: ZendeskAccount, job: Job): { job_status: object } => ({
  job_status: jobRow(account.host, job, account.jobs.state(job))
})
