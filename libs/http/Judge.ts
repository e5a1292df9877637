// What the end of an exchange means for the caller: pure steps from verdicts and wire errors to reasons, for VendorHttp.
import { Result } from "effect"
import { type Answer, type Call, type Connection, Malformed, type Verdict } from "./Call.ts"
import type { Lesson } from "./Lane.ts"
import { retryAfterMillis } from "./RetryAfter.ts"
import {
  AuthRejected,
  BadAddress,
  BadAnswer,
  Gone,
  NotSent,
  type Reason,
  Refused,
  Throttled,
  Unavailable,
  Unknown,
  Unsendable
} from "./VendorError.ts"
import type { WireError } from "./Wire.ts"

/** A refusal without `Retry-After`. Source: Zendesk's Ruby client waits 10 s. */
const throttleDefaultMillis = 10_000

/** One exchange seen to its end. */
export type Attempt = Result.Result<{ readonly answer: Answer; readonly verdict: Verdict }, WireError>

/** The connector's verdict, with `Retry-After` read where the connector left it to us, and redirects refused. */
export const judge = (connection: Connection, call: Call, answer: Answer, now: number): Verdict => {
  if (answer.status >= 300 && answer.status < 400) return redirected(answer)
  const verdict = connection.connector.verdict(call, answer)
  if ((verdict._tag !== "Throttled" && verdict._tag !== "Transient") || verdict.retryAfterMillis !== undefined)
    return verdict
  const date = Date.parse(answer.headers.date ?? "")
  const wait = retryAfterMillis(answer.headers["retry-after"], now) ?? undefined
  const byVendorsClock = Number.isNaN(date) ? wait : retryAfterMillis(answer.headers["retry-after"], date)
  const asked = absolute(answer.headers["retry-after"]) ? byVendorsClock : wait
  if (verdict._tag === "Throttled") return { ...verdict, retryAfterMillis: asked ?? throttleDefaultMillis }
  return asked === undefined ? verdict : { ...verdict, retryAfterMillis: asked }
}

/** An instant rather than a span: read against the clock that wrote it. */
const absolute = (text: string | undefined): boolean =>
  text !== undefined && !/^\s*"?\d{1,8}([.,]\d+)?\s*[a-z]*"?\s*$/i.test(text)

const redirected = (answer: Answer): Verdict => ({
  _tag: "Refused",
  code: "redirected",
  // Without the query, which may carry a token of the vendor's login page.
  message: `redirected to ${answer.headers.location?.replace(/[?#].*$/s, "") ?? "nowhere"}`,
  hint: "Check the domain: redirects to another host are not followed, because they would carry the credentials there."
})

export const lessonOf = (connection: Connection, call: Call, end: Attempt): Lesson => {
  if (Result.isFailure(end)) return { readings: [] }
  const { answer, verdict } = end.success
  const readings = connection.connector.limits(call, answer)
  const throttled = verdict._tag === "Throttled" && verdict.scope !== "call"
  if (throttled) return { readings, throttledMillis: verdict.retryAfterMillis ?? throttleDefaultMillis }
  return { readings, answered: true }
}

export const lostRead = (error: WireError): Reason => neverSent(error) ?? new Unavailable({ message: error.message })

export const lostWrite = (error: WireError): Reason => {
  const { message, sent } = error
  return neverSent(error) ?? (sent ? new Unknown({ message }) : new NotSent({ message }))
}

/** What no other try will send. */
const neverSent = ({ kind, message }: WireError): Reason | undefined => {
  if (kind === "address") return new BadAddress({ message })
  return kind === "request" ? new Unsendable({ message }) : undefined
}

/** A verdict other than Ok as a reason. A write that met a 5xx may have been done. */
export const reasonOf = (verdict: Verdict, answer: Answer, isWrite: boolean): Reason => {
  const { status } = answer
  switch (verdict._tag) {
    case "AuthRejected":
      return new AuthRejected({ status, message: verdict.message })
    case "Refused":
      return new Refused({ status, code: verdict.code, message: verdict.message, hint: verdict.hint })
    case "Gone":
      return new Gone({ status, message: verdict.message })
    case "Throttled":
      return new Throttled({ retryAfterMillis: verdict.retryAfterMillis ?? throttleDefaultMillis })
    default: {
      const message = verdict._tag === "Transient" ? verdict.message : `status ${status}`
      return isWrite ? new Unknown({ message, status }) : new Unavailable({ message, status })
    }
  }
}

/** Applies a connector's reading. What it throws as `Malformed`, and a page of HTML, is the vendor's fault; else a bug of ours. */
export const decode = <A>(answer: Answer, read: (answer: Answer) => A, file = false): Result.Result<A, BadAnswer> => {
  const issue = file ? undefined : notJson(answer)
  if (issue !== undefined) return Result.fail(new BadAnswer({ status: answer.status, message: issue }))
  try {
    return Result.succeed(read(answer))
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return Result.fail(new BadAnswer({ status: answer.status, message: error.message }))
  }
}

/** What is wrong with a body that cannot be whole JSON: an HTML page, a cut end. An empty body is none and may be right. */
export const notJson = (answer: Answer): string | undefined => {
  const body = answer.body
  const first = body.find(visible)
  if (first === undefined) return undefined
  if (first === 0x3c) return "an HTML page instead of JSON: is the domain right?"
  const last = body.findLast(visible)
  if (first === 0x7b && last !== 0x7d) return "the JSON is cut off"
  if (first === 0x5b && last !== 0x5d) return "the JSON is cut off"
  return undefined
}

const visible = (byte: number): boolean => byte > 0x20
