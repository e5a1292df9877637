// Why a call to a vendor did not give what was asked for. For engines and stages: each reason says who acts, and a failed
// write says whether it may have been done.
import { Schema } from "effect"

/** Credentials refused (401, or 403 on a read). The tenant's operator acts; never retried. Nothing was written. */
export class AuthRejected extends Schema.TaggedError<AuthRejected>()("AuthRejected", {
  status: Schema.Int,
  message: Schema.String
}) {}

/** The vendor understood and said no (4xx). The tenant's operator acts, the hint says how. Nothing was written. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  status: Schema.Int,
  code: Schema.String,
  message: Schema.String,
  hint: Schema.String
}) {}

/** What was asked for is not there (404, 410). Nobody acts: a child of a record that went away in between. */
export class Gone extends Schema.TaggedError<Gone>()("Gone", { status: Schema.Int, message: Schema.String }) {}

/** Over the vendor's limit (429), longer than the call may wait. Nobody acts. Nothing was written. */
export class Throttled extends Schema.TaggedError<Throttled>()("Throttled", { retryAfterMillis: Schema.Finite }) {}

/** No usable answer to a read (network, timeout, 5xx), after retries. Nobody acts; the stage tries again later. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  message: Schema.String,
  status: Schema.optionalKey(Schema.Int)
}) {}

/** The answer does not have the vendor's shape (cut JSON, an HTML page), after retries. We act. */
export class BadAnswer extends Schema.TaggedError<BadAnswer>()("BadAnswer", {
  message: Schema.String,
  status: Schema.Int
}) {}

/** The vendor's pages lead nowhere: one twice, or many with nothing new. The vendor's support acts; read again, it would not end. */
export class Circling extends Schema.TaggedError<Circling>()("Circling", { message: Schema.String }) {}

/** The address may not be called: another host, plain http, a private address. The tenant's operator acts; nothing was sent. */
export class BadAddress extends Schema.TaggedError<BadAddress>()("BadAddress", { message: Schema.String }) {}

/** A write that surely did not leave: no connection, or its deadline had passed. The loader may send it again. */
export class NotSent extends Schema.TaggedError<NotSent>()("NotSent", { message: Schema.String }) {}

/** The request has no form in HTTP (a sign that no header may hold). We act; nothing was sent, and the same will not be. */
export class Unsendable extends Schema.TaggedError<Unsendable>()("Unsendable", { message: Schema.String }) {}

/** A write that left and whose answer is lost or a 5xx. The loader looks up before anything else (Promise 4). */
export class Unknown extends Schema.TaggedError<Unknown>()("Unknown", {
  message: Schema.String,
  status: Schema.optionalKey(Schema.Int)
}) {}

export const Reason = Schema.Union([
  AuthRejected,
  Refused,
  Gone,
  Throttled,
  Unavailable,
  BadAnswer,
  Circling,
  BadAddress,
  NotSent,
  Unsendable,
  Unknown
])
export type Reason = typeof Reason.Type

export class VendorError extends Schema.TaggedError<VendorError>()("VendorError", {
  vendor: Schema.String,
  operation: Schema.String,
  reason: Reason
}) {
  override get message(): string {
    return `${this.vendor} ${this.operation}: ${sentence(this.reason)}`
  }

  /** True when the same call may succeed later without anyone acting. */
  get transient(): boolean {
    return ["Throttled", "Unavailable", "BadAnswer", "NotSent"].includes(this.reason._tag)
  }

  /** False only when the vendor may have carried the write out. */
  get surelyNotDone(): boolean {
    return this.reason._tag !== "Unknown"
  }
}

/** One sentence for a person. */
const sentence = (reason: Reason): string => {
  switch (reason._tag) {
    case "AuthRejected":
      return `credentials refused (${reason.status}): ${reason.message}`
    case "Refused":
      return `refused (${reason.status} ${reason.code}): ${reason.message}`
    case "Gone":
      return `not there (${reason.status}): ${reason.message}`
    case "Throttled":
      return `over the limit, free again in ${Math.ceil(reason.retryAfterMillis / 1000)} s`
    case "Unavailable":
      return `no answer: ${reason.message}`
    case "Unknown":
      return `outcome unknown: ${reason.message}`
    default:
      return reason.message
  }
}
