// Zendesk's many error bodies, word for word where the vendor's are known.
import { json, type Reply, text } from "../Reply.ts"

export type FieldFault = {
  readonly description: string
  readonly error?: string
  readonly ticket_field_id?: number
  readonly ticket_field_type?: string
}
export type Details = Record<string, Array<FieldFault>>

/** A row the vendor refuses; thrown inside a write and answered as 422 or as a job's row result. */
export class Refused extends Error {
  readonly details: Details
  constructor(details: Details) {
    super(
      Object.values(details)
        .flat()
        .map((fault) => fault.description)
        .join(", ")
    )
    this.details = details
  }
}

export const fault = (details: Details, field: string, description: string, error: string): void => {
  details[field] = [...(details[field] ?? []), { description, error }]
}

export const recordInvalid = (details: Details): Reply =>
  json(422, { error: "RecordInvalid", description: "Record validation errors", details })

export const couldNotAuthenticate = (): Reply => json(401, { error: "Couldn't authenticate you" })

export const forbidden = (): Reply =>
  json(403, {
    error: {
      title: "Forbidden",
      message:
        "You do not have access to this page. Please contact the account owner of this help desk for further help."
    }
  })

export const missingScope = (scope: string): Reply =>
  json(403, { error: "Forbidden", description: `Missing the following required scopes: ${scope}` })

export const recordNotFound = (): Reply => json(404, { error: "RecordNotFound", description: "Not found" })
export const invalidEndpoint = (): Reply => json(404, { error: "InvalidEndpoint", description: "Not found" })

export const noHelpDesk = (host: string): Reply =>
  json(404, {
    error: {
      title: `No help desk at ${host}`,
      message:
        "There is no help desk configured at this address. This means that the address is available and that you can claim it at http://www.zendesk.com/signup"
    }
  })

export const paginationDepth = (): Reply =>
  json(400, {
    errors: [
      {
        code: "InvalidPaginationDepth",
        title: "Pagination requests using Offset Pagination are limited",
        detail: "Requests with Offset Pagination are limited to the first 10000 records. Use Cursor Pagination instead."
      }
    ]
  })

export const paginationParameter = (detail: string): Reply =>
  json(400, { errors: [{ code: "InvalidPaginationParameter", title: "Invalid Pagination Parameter", detail }] })

export const badRequest = (description: string): Reply => json(400, { error: "BadRequest", description })

export const fileTooLarge = (limit: number): Reply =>
  json(413, { error: "AttachmentTooLarge", description: `The file is larger than ${limit} bytes` })

export const tooRecent = (): Reply =>
  json(422, { error: "InvalidValue", description: "Too recent start_time. Use a start_time older than 60 seconds" })

export const searchWindow = (): Reply =>
  json(422, {
    error: "invalid",
    description: "Invalid search: Requested response size was greater than Search Response Limits"
  })

export const tooManyRequests = (retryAfter: number): Reply =>
  text(429, "Number of allowed API requests per minute exceeded", { "retry-after": String(retryAfter) })

export const tooManyJobs = (type: string, ids: ReadonlyArray<string>): Reply =>
  json(429, {
    error: "TooManyJobs",
    description: `Too many ${type} jobs are currently queued or running. Try again later.`,
    current_job_ids: ids
  })

export const idempotencyClash = (): Reply =>
  json(400, {
    error: "IdempotentRequestError",
    description: "Request parameters don't match the given idempotency key"
  })
