// The vendors that can be connected, and how a configuration becomes one of theirs. A new vendor is a folder and a line here.
import { Effect, Schema, SchemaIssue } from "effect"
import type { AnyConnector, JsonObject } from "./Connector.ts"
import { freshservice } from "./freshservice/Freshservice.ts"
import { zendesk } from "./zendesk/Zendesk.ts"

export const connectors: ReadonlyArray<AnyConnector> = [freshservice, zendesk]

export const connectorNamed = (vendor: string): AnyConnector | undefined =>
  connectors.find((connector) => connector.vendor === vendor)

/** The configuration does not fit the vendor. Who entered it acts; `issue` names the fields and never repeats a value. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  vendor: Schema.String,
  issue: Schema.String
}) {}

/** Decodes a configuration; its secrets are `Redacted` from here on (Promise 6). */
export const decodeConfig = (connector: AnyConnector, config: unknown): Effect.Effect<unknown, ConfigInvalid> =>
  Schema.decodeUnknownEffect(connector.config)(config, { errors: "all" }).pipe(
    Effect.mapError((error) => new ConfigInvalid({ vendor: connector.vendor, issue: inWords(error.issue) }))
  )

const formatted = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "MissingKey" ? "missing" : SchemaIssue.defaultLeafHook(issue))
})

/** `api_key: missing; start_date: must be a date ...`. */
const inWords = (issue: SchemaIssue.Issue): string =>
  formatted(issue)
    .issues.map(({ message, path = [] }) => `${path.map((key) => `${String(key)}: `).join("")}${message}`)
    .join("; ")

/** Draft-07 JSON Schema of the form; secrets are `writeOnly`. */
export const formOf = (connector: AnyConnector): JsonObject => {
  const { schema } = Schema.toJsonSchemaDocument(connector.config)
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, JsonObject>>).map(
    ([key, property]) => [
      key,
      connector.secrets.includes(key) ? { ...property, format: "password", writeOnly: true } : property
    ]
  )
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: connector.title,
    ...(schema as JsonObject),
    properties: Object.fromEntries(properties)
  }
}
