// What can be asked of an account before anything moves: are the credentials good, which fields does it have. For the api,
// `bridge connector check` and `discover`.
import type { JsonObject } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { type CallOptions, VendorHttp } from "@bridge/http/VendorHttp"
import { Effect } from "effect"
import type { Call, DiscoveredField } from "./Connector.ts"
import type { Source } from "./Reading.ts"
import { isGone, isRefused } from "./Reasons.ts"

/** Null when the credentials are good; else what is wrong with the answer. Refused credentials fail as `AuthRejected`. */
export const checkAccount = (
  source: Source,
  options: CallOptions = { mode: "live" }
): Effect.Effect<string | null, VendorError, VendorHttp> => {
  const { check } = source.connector
  const ask = (call: Call) =>
    VendorHttp.use((http) => http.read(source, call, (answer) => check.read(source.config, answer), options))
  const first = ask(check.call(source.config))
  const second = check.otherwise?.(source.config)
  if (second === undefined) return first
  return Effect.catchIf(
    first,
    (error) => error.reason._tag === "Gone",
    () => ask(second)
  )
}

/** Pages of field definitions that are read at most: more is a vendor that never ends. */
const mostPages = 100

/** The fields of each stream that can tell its own at run time. */
export const discoverFields = (
  source: Source,
  options: CallOptions = { mode: "live" }
): Effect.Effect<ReadonlyMap<string, ReadonlyArray<DiscoveredField>>, VendorError, VendorHttp> =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const found = new Map<string, ReadonlyArray<DiscoveredField>>()
    for (const discovery of source.connector.discover) {
      const first = discovery.call(source.config)
      const calls: Array<Asked> = [{ call: first, optional: discovery.optional === true, further: false }]
      for (let page = 0; page < mostPages; page++) {
        const asked = calls.shift()
        if (asked === undefined) break
        const part: ReturnType<typeof discovery.read> | null = yield* http
          .read(source, asked.call, (answer) => discovery.read(answer, asked.call), options)
          .pipe(
            Effect.catchIf(
              ({ reason }) => (asked.optional && isGone(reason)) || (asked.further && isRefused(reason)),
              () => Effect.succeed(null)
            )
          )
        if (part === null) continue
        found.set(discovery.stream, withFields(found.get(discovery.stream) ?? [], part.fields))
        if (part.next !== null) calls.unshift({ ...asked, call: part.next })
        calls.push(...(part.further ?? []).map((call) => ({ call, optional: true, further: true })))
      }
    }
    return found
  })

interface Asked {
  readonly call: Call
  readonly optional: boolean
  readonly further: boolean
}

/** A key is one field, with the options of all that have it. */
const withFields = (
  known: ReadonlyArray<DiscoveredField>,
  more: ReadonlyArray<DiscoveredField>
): ReadonlyArray<DiscoveredField> => {
  const fields = new Map(known.map((field) => [field.key, field]))
  for (const field of more) {
    const before = fields.get(field.key)
    const has = new Set(before?.options?.map(({ value }) => value))
    const options = [...(before?.options ?? []), ...(field.options ?? []).filter(({ value }) => !has.has(value))]
    fields.set(field.key, { ...(before ?? field), ...(options.length > 0 && { options }) })
  }
  return [...fields.values()]
}

/** A row's schema with the fields found: custom ones where rows keep them by name, and all of them under `x-fields`. */
export const schemaWith = (schema: JsonObject, fields: ReadonlyArray<DiscoveredField>): JsonObject => {
  if (fields.length === 0) return schema
  const properties = objectIn(schema.properties)
  const custom = objectIn(properties.custom_fields)
  const named = Object.fromEntries(
    fields.filter((field) => field.custom).map((field) => [field.key, { title: field.title }])
  )
  const byName = [custom.type].flat().includes("object")
  return {
    ...schema,
    ...(byName && { properties: { ...properties, custom_fields: { ...custom, properties: named } } }),
    "x-fields": fields.map((field) => ({ ...field, options: field.options?.map((option) => ({ ...option })) ?? [] }))
  }
}

const objectIn = (value: JsonObject[string] | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
