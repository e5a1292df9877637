// Keeps credentials out of words: a vendor, a proxy or a redirect may repeat what we sent. For VendorHttp and for whoever
// shows a vendor's own words. Promise 6.
import { Redacted } from "effect"
import type { Connection } from "./Call.ts"
import * as Reasons from "./VendorError.ts"

/** Shorter ones would blot out ordinary words. */
const shortest = 4
const blot = "***"

/** Every form in which a connection's secrets may come back: as they are, in a URL, in the header. */
export const secretsOf = ({ config, connector }: Pick<Connection, "config" | "connector">): ReadonlyArray<string> => {
  const plain = typeof config === "object" && config !== null ? Object.values(config) : []
  const values = plain.flatMap((value) => {
    const secret = Redacted.isRedacted(value) ? Redacted.value(value) : undefined
    return typeof secret === "string" ? [secret, encodeURIComponent(secret)] : []
  })
  const headers = Object.values(connector.authorise(config)).flatMap((value) => [value, value.replace(/^\w+\s+/, "")])
  const all = new Set([...values, ...headers].filter((secret) => secret.length >= shortest))
  return [...all].sort((a, b) => b.length - a.length)
}

export const scrubbed = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets.reduce((clean, secret) => clean.replaceAll(secret, blot), text)

/** The same reason in words without secrets. */
export const scrubbedReason = (reason: Reasons.Reason, secrets: ReadonlyArray<string>): Reasons.Reason => {
  if (reason._tag === "Throttled") return reason
  const message = scrubbed(reason.message, secrets)
  if (reason._tag === "Refused") {
    // A vendor's code may be any text of its body.
    const [code, hint] = [scrubbed(reason.code, secrets), scrubbed(reason.hint, secrets)]
    return new Reasons.Refused({ status: reason.status, code, hint, message })
  }
  if (message === reason.message) return reason
  switch (reason._tag) {
    case "AuthRejected":
      return new Reasons.AuthRejected({ status: reason.status, message })
    case "Gone":
      return new Reasons.Gone({ status: reason.status, message })
    case "BadAnswer":
      return new Reasons.BadAnswer({ status: reason.status, message })
    case "Circling":
      return new Reasons.Circling({ message })
    case "BadAddress":
      return new Reasons.BadAddress({ message })
    case "NotSent":
      return new Reasons.NotSent({ message })
    case "Unsendable":
      return new Reasons.Unsendable({ message })
    case "Unavailable":
      return new Reasons.Unavailable({ message, ...(reason.status !== undefined && { status: reason.status }) })
    case "Unknown":
      return new Reasons.Unknown({ message, ...(reason.status !== undefined && { status: reason.status }) })
  }
}
