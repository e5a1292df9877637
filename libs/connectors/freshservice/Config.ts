// How a tenant names a Freshservice account. Source: Freshservice API v2, "Authentication": the key is the user of HTTP Basic,
// any password; custom host names (CNAME) do not work for v2, so the host is always under freshservice.com.
import { Redacted, Schema, SchemaTransformation } from "effect"
import { secretText } from "../Secret.ts"

const hostText = /^[a-z0-9_-]+\.freshservice\.com$/

/** `acme`, `acme.freshservice.com` and its URL are the same account. */
const Domain = Schema.String.pipe(
  Schema.annotate({
    title: "Domain",
    description: "The account's full host, like acme.freshservice.com; custom host names do not work with the API"
  }),
  Schema.decodeTo(
    Schema.String.check(
      Schema.isPattern(hostText, { message: "must be the account's full host, like acme.freshservice.com" })
    ),
    SchemaTransformation.transform({
      decode: (text: string) => {
        const host = text
          .trim()
          .toLowerCase()
          .replace(/^https:\/\//, "")
          .replace(/\/.*$/, "")
        return host.includes(".") ? host : `${host}.freshservice.com`
      },
      encode: (host: string) => host
    })
  )
)

export const Config = Schema.Struct({
  domain: Domain,
  api_key: secretText({ title: "API key", description: "Of an agent who sees everything that is to be moved" }),
  start_date: Schema.optionalKey(
    Schema.String.annotate({
      title: "Start date",
      description: "Tickets changed since this UTC date (2024-01-31 or ISO 8601)"
    }).check(
      Schema.makeFilter(
        (text) => !Number.isNaN(Date.parse(text)) || "must be a date like 2024-01-31 or an ISO 8601 instant"
      )
    )
  )
})
export type Config = typeof Config.Type

/** The password is ignored; `X` is the documented convention. */
export const authorise = (config: Config): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${Redacted.value(config.api_key)}:X`).toString("base64")}`
})
