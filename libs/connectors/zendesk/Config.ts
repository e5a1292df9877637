// How a tenant names a Zendesk account. Source: Zendesk API, "Security and authentication": API token as HTTP Basic with
// `{email}/token` (ends 2027-04-30), or an OAuth access token as bearer. Passwords ended 2026-01-12.
import { Redacted, Schema, SchemaTransformation } from "effect"
import { secretText } from "../Secret.ts"

/** `acme`, `acme.zendesk.com` and its URL are the same account. */
const Subdomain = Schema.String.pipe(
  Schema.annotate({
    title: "Subdomain",
    description: "The first label of the account's host: acme for acme.zendesk.com"
  }),
  Schema.decodeTo(
    Schema.String.check(
      Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,62}$/, {
        message: "must be the first label of the host, like acme for acme.zendesk.com"
      })
    ),
    SchemaTransformation.transform({
      decode: (text: string) =>
        text
          .trim()
          .toLowerCase()
          .replace(/^https:\/\//, "")
          .replace(/\/.*$/, "")
          .replace(/\.zendesk\.com$/, ""),
      encode: (label: string) => label
    })
  )
)

const Fields = Schema.Struct({
  subdomain: Subdomain,
  email: Schema.optionalKey(
    Schema.NonEmptyString.annotate({ title: "E-mail", description: "Of the administrator who made the API token" })
  ),
  api_token: Schema.optionalKey(secretText({ title: "API token", description: "Together with the e-mail" })),
  oauth_token: Schema.optionalKey(
    secretText({ title: "OAuth token", description: "Instead of e-mail and API token; scopes read and write" })
  ),
  start_date: Schema.optionalKey(
    Schema.String.annotate({ title: "Start date", description: "Tickets and users changed since this UTC date" }).check(
      Schema.makeFilter(
        (text) => !Number.isNaN(Date.parse(text)) || "must be a date like 2024-01-31 or an ISO 8601 instant"
      )
    )
  )
})

export const Config = Fields.check(
  Schema.makeFilter(
    (config) =>
      config.oauth_token !== undefined ||
      (config.email !== undefined && config.api_token !== undefined) ||
      "needs either oauth_token, or email and api_token"
  )
)
export type Config = typeof Config.Type

export const authorise = (config: Config): Readonly<Record<string, string>> => {
  if (config.oauth_token !== undefined) return { authorization: `Bearer ${Redacted.value(config.oauth_token)}` }
  const token = config.api_token === undefined ? "" : Redacted.value(config.api_token)
  return { authorization: `Basic ${Buffer.from(`${config.email ?? ""}/token:${token}`).toString("base64")}` }
}
