// Whether a connection works: its configuration decodes, the account exists, the vendor takes the credentials. For this room.
// What does not belong here: storing it (Stored.ts). Promise 6: secrets are Redacted from the decoding on.

import { checkAccount } from "@bridge/connectors/Account"
import type { AnyConnector, JsonObject } from "@bridge/connectors/Connector"
import { connectorNamed, connectors } from "@bridge/connectors/Connectors"
import { type Problem, type ProblemPlace, problem } from "@bridge/contract/Problem"
import { account } from "@bridge/domain/Jobs"
import { VendorError } from "@bridge/http/VendorError"
import { Effect, Result, Schema, SchemaIssue } from "effect"

/** A configuration that its connector has decoded. */
export interface Configured {
  readonly connector: AnyConnector
  readonly config: unknown
  /** `vendor:instance` */
  readonly account: string
  /** As it is stored: without the secrets, and the secrets alone. */
  readonly plain: JsonObject
  readonly secrets: JsonObject
}

export const vendorNamed = (vendor: string): Effect.Effect<AnyConnector, Problem<422>> => {
  const connector = connectorNamed(vendor)
  if (connector !== undefined) return Effect.succeed(connector)
  const known = connectors.map((c) => c.vendor).join(", ")
  return Effect.fail(problem("vendor-unknown", `There is no vendor ${vendor}; known are ${known}.`))
}

/** `config-invalid` with a place for each field; a value is never repeated, it may be a secret. */
export const configured = (connector: AnyConnector, input: JsonObject): Effect.Effect<Configured, Problem<422>> => {
  const decoded = Schema.decodeUnknownResult(connector.config, { errors: "all", onExcessProperty: "error" })(input)
  if (Result.isFailure(decoded)) {
    const errors = formatted(decoded.failure.issue).issues.map(
      (issue): ProblemPlace => ({
        path: ["config", ...(issue.path ?? []).map((s) => String(typeof s === "object" ? s.key : s))],
        message: issue.message
      })
    )
    const fields = [...new Set(errors.map((e) => e.path.slice(1).join(".")))].filter((f) => f !== "").join(", ")
    return Effect.fail(
      problem("config-invalid", `${connector.title} needs other values${fields === "" ? "" : ` for ${fields}`}.`, {
        errors
      })
    )
  }
  const split = (secret: boolean): JsonObject =>
    Object.fromEntries(Object.entries(input).filter(([key]) => connector.secrets.includes(key) === secret))
  return Effect.succeed({
    connector,
    config: decoded.success,
    account: account(connector.vendor, connector.instance(decoded.success)),
    plain: split(false),
    secrets: split(true)
  })
}

const formatted = SchemaIssue.makeFormatterStandardSchemaV1()

/** Makes the connector's own checking call. Somebody waits for it: two tries, half a minute. */
export const tested = (tenantId: string, connectionId: string, c: Configured) =>
  Effect.gen(function* () {
    const source = { tenantId, connectionId, connector: c.connector, config: c.config, share: 1 }
    let faults = 0
    const words = yield* checkAccount(source, { mode: "live", giveUp: () => ++faults > 1 }).pipe(
      Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.fail(slow(c)) }),
      Effect.mapError((error) => (error instanceof VendorError ? vendorProblem(c, error) : error))
    )
    if (words !== null) return yield* Effect.fail(problem("connection-unfit", `${c.connector.title}: ${words}`))
  })

const slow = (c: Configured) => problem("vendor-unavailable", `${c.connector.title} did not answer within 30 seconds.`)

/** The vendor's words, as a problem. */
export const vendorProblem = (c: Configured, error: VendorError): Problem<422> | Problem<502> => {
  const { reason } = error
  const host = c.connector.host(c.config)
  const said = "message" in reason ? reason.message : ""
  switch (reason._tag) {
    case "AuthRejected":
      return problem("credentials-rejected", `${c.connector.title} (${host}) says: ${said}`)
    case "Refused":
      return reason.status === 403
        ? problem("credentials-rejected", `${c.connector.title} (${host}) says: ${said}`, { hint: reason.hint })
        : problem("connection-unfit", `${c.connector.title} (${host}) says: ${said}`, { hint: reason.hint })
    case "Gone":
      return problem("account-unknown", `${host} is not an account of ${c.connector.title}: ${said}`)
    case "BadAnswer":
      return problem("account-unknown", `${host} does not answer as ${c.connector.title} does: ${said}`)
    case "BadAddress":
      return problem("address-refused", said)
    case "Unavailable":
      return /ENOTFOUND|EAI_AGAIN|not found|resolve/i.test(said)
        ? problem("account-unknown", `The host ${host} does not exist: ${said}`)
        : problem("vendor-unavailable", `${c.connector.title} (${host}) does not answer: ${said}`)
    default:
      return problem("vendor-unavailable", `${c.connector.title} (${host}) does not answer now: ${said}`)
  }
}
