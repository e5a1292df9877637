// One attempt at a file that a vendor's record names: any public https host, no credentials, redirects followed, the bytes
// handed on as they come. For VendorHttp.ts. What does not belong here: whether and when it is tried again.
import { Clock, Effect } from "effect"
import { hostMatches } from "./Addresses.ts"
import type { Received, Sink } from "./Receive.ts"
import { retryAfterMillis } from "./RetryAfter.ts"
import { BadAddress, Gone, type Reason, Refused, Throttled, Unavailable } from "./VendorError.ts"
import { monotonicMillis, type Wire, type WireError, type WireRequest } from "./Wire.ts"

/** A file may take this long; it is cut sooner when nothing comes for a minute. */
const fileMillis = 30 * 60_000
const redirects = 4
const throttleDefaultMillis = 10_000

/** What is known of the file beforehand, so that nothing else is taken for it. */
export interface Wanted extends Sink {
  /** It is said to be an HTML page itself; of any other file a page stands in the place of the file. */
  readonly isPage: boolean
  /** Its bytes as its record says, where it does. */
  readonly size: number | null
}

/** Where a file is, or the request that leads there: what that carries goes to its own address only. */
export type Start = string | WireRequest

/** A file may take this long from now. */
export const fileDeadline = (): number => monotonicMillis() + fileMillis

/** Signed addresses are secrets: no reason repeats more than the host. */
export const download = (wire: Wire["Service"], start: Start, wanted: Wanted): Effect.Effect<Received, Reason> =>
  Effect.gen(function* () {
    const deadline = fileDeadline()
    let at = typeof start === "string" ? start : start.url.href
    for (let hops = 0; ; hops++) {
      const address = addressOf(at)
      if (typeof address === "string") return yield* new BadAddress({ message: address })
      const bare = {
        method: "GET",
        url: address,
        headers: { "user-agent": "bridge/1", accept: "*/*" },
        deadline
      } as const
      const first = hops === 0 && typeof start !== "string"
      const answer = yield* Effect.mapError(wire.receive(first ? start : bare, wanted), lost)
      const next = nextOf(address, answer)
      if (next !== undefined && isLogin(next))
        return yield* new Gone({ status: answer.status, message: `${address.hostname} wants a login` })
      if (next !== undefined && hops < redirects) {
        at = next
        continue
      }
      const reason = pageInstead(address, answer, wanted) ?? reasonOf(address, answer, yield* Clock.currentTimeMillis)
      if (reason === undefined && first && answer.bytes !== wanted.size && isJson(answer.headers["content-type"]))
        return yield* new Gone({
          status: answer.status,
          message: `${address.hostname} answered with JSON, not the file`
        })
      if (reason !== undefined) return yield* reason
      return answer
    }
  })

const addressOf = (text: string): URL | string => {
  if (!URL.canParse(text)) return "the file's address is none"
  const url = new URL(text)
  if (url.protocol !== "https:") return `${url.hostname} may be called over https only`
  if (url.username !== "" || url.password !== "") return "an address must not carry credentials"
  if (url.port !== "") return `${url.hostname}: only the port of https may be called`
  url.hash = ""
  return url
}

const nextOf = (from: URL, { headers, status }: Received): string | undefined => {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined || !URL.canParse(location, from.href))
    return undefined
  return new URL(location, from.href).href
}

/** Where vendors send who may not see a file: `/support/login`, `/a/login`, `/users/sign_in`. */
const isLogin = (url: string): boolean =>
  /^\/(?:[^/]+\/){0,2}(?:log[-_]?in|sign[-_]?in|sso|session\/new)(?:\/|$)/iu.test(new URL(url).pathname) &&
  !storage.some((host) => hostMatches(new URL(url).hostname, host))

/** A file there may be called `login`. */
const storage = ["*.amazonaws.com", "*.cloudfront.net"]

/** A login or an excuse with status 200. One of exactly the bytes that were announced is the file all the same. */
const pageInstead = (
  { hostname }: URL,
  { bytes, headers, status }: Received,
  { isPage, size }: Wanted
): Reason | undefined =>
  status < 300 && !isPage && bytes !== size && isHtml(headers["content-type"])
    ? new Gone({ status, message: `${hostname} answered with an HTML page in place of the file` })
    : undefined

/** Whether a content type is that of a page. */
export const isHtml = (contentType: string | undefined): boolean =>
  /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|,|$)/iu.test(contentType ?? "")

/** Of an API: what it says of the file rather than the file. */
const isJson = (contentType: string | undefined): boolean => /^\s*application\/json\b/iu.test(contentType ?? "")

const lost = (error: WireError): Reason => {
  if (error.kind === "address") return new BadAddress({ message: error.message })
  if (error.kind === "body") return new Refused({ status: 200, code: "too-large", message: error.message, hint: "" })
  return new Unavailable({ message: error.message })
}

const reasonOf = ({ hostname }: URL, { headers, status }: Received, now: number): Reason | undefined => {
  if (status >= 200 && status < 300) return undefined
  const message = `${hostname} answered ${status}`
  if (status === 429)
    return new Throttled({ retryAfterMillis: retryAfterMillis(headers["retry-after"], now) ?? throttleDefaultMillis })
  if (status >= 500 || status === 408) return new Unavailable({ status, message })
  // What a signature that died looks like differs: whoever can asks for another one.
  if ([400, 401, 403, 404, 410].includes(status)) return new Gone({ status, message })
  return new Refused({ status, code: `status_${status}`, message, hint: "" })
}
