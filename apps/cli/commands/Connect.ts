// connect, connectors list, connectors remove: a tenant's connections. Secrets come from a prompt, a file, stdin or the environment.
import { readFile } from "node:fs/promises"
import type { ConnectionView } from "@bridge/contract/Connections"
import type { JsonObject } from "@bridge/contract/Shapes"
import { Effect, Result, Schema } from "effect"
import { Bridge } from "../Bridge.ts"
import { type CliError, wrongUse } from "../CliError.ts"
import type { Command, Given } from "../Command.ts"
import { Io } from "../Io.ts"
import { table } from "../Table.ts"

export const connect: Command = {
  name: "connect",
  args: "VENDOR",
  summary:
    "Connects a vendor's account (freshservice, zendesk). The connection is tested first; one that does not work is not kept.",
  help: `  --name N           what to call it (default: the account)
  --config FILE      configuration as JSON, - for stdin; what is missing is asked for
  --share X          part of the vendor's limits to use, above 0 and up to 1
                     Keys may also come from BRIDGE_<VENDOR>_<KEY>, e.g. BRIDGE_FRESHSERVICE_API_KEY.`,
  options: { name: { type: "string" }, config: { type: "string" }, share: { type: "string" } },
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const vendor = given.positionals[0] ?? ""
      const share = yield* shareOf(given)
      const config = yield* configOf(given, vendor)
      const name = given.text("name")
      const payload = { vendor, config, ...(name === undefined ? {} : { name }), ...share }
      const made = yield* bridge.call((c) => c.connectors.create({ headers: {}, payload }))
      if (given.flag("json")) io.print(JSON.stringify(made))
      else io.print(`Connected ${made.account} as ${made.id}`)
      return 0
    })
}

const shareOf = (given: Given): Effect.Effect<{ readonly share?: number }, CliError> => {
  const text = given.text("share")
  const share = Number(text)
  if (text === undefined) return Effect.succeed({})
  return share > 0 && share <= 1
    ? Effect.succeed({ share })
    : Effect.fail(wrongUse("--share must be above 0 and up to 1."))
}

const decodeObject = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

/** From the file, then the environment, then questions for what the form still needs. */
const configOf = (given: Given, vendor: string) =>
  Effect.gen(function* () {
    const [bridge, io] = [yield* Bridge, yield* Io]
    const types = yield* bridge.call((c) => c.connectors.types())
    const type = types.find((t) => t.vendor === vendor)
    if (type === undefined)
      return yield* wrongUse(`There is no vendor ${vendor}; known are ${types.map((t) => t.vendor).join(", ")}.`)
    const config: Record<string, JsonObject[string]> = { ...(yield* fileConfig(given)) }
    const properties = Object.entries(recordOf(type.form["properties"]))
    const required = new Set(Array.isArray(type.form["required"]) ? type.form["required"] : [])
    for (const [key] of properties) {
      const known = io.env(`BRIDGE_${vendor}_${key}`.toUpperCase().replaceAll("-", "_"))
      if (config[key] === undefined && known !== undefined) config[key] = known
    }
    for (const [key, property] of properties) {
      if (!required.has(key) || config[key] !== undefined || !io.interactive) continue
      const title = recordOf(property)["title"]
      const secret = recordOf(property)["writeOnly"] === true
      config[key] = yield* Effect.promise(() => io.ask(`${typeof title === "string" ? title : key}: `, secret))
    }
    return config
  })

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}

const fileConfig = (given: Given) =>
  Effect.gen(function* () {
    const io = yield* Io
    const file = given.text("config")
    if (file === undefined) return {}
    const text = yield* Effect.tryPromise({
      try: () => (file === "-" ? io.input() : readFile(file, "utf8")),
      catch: () => wrongUse(`The file ${file} cannot be read.`)
    })
    const decoded = decodeObject(text)
    // The text is not shown: it holds secrets.
    return Result.isSuccess(decoded) ? decoded.success : yield* wrongUse(`${file} does not hold a JSON object.`)
  })

export const listConnectors: Command = {
  name: "connectors list",
  args: "",
  summary: "Lists the connections.",
  help: "",
  options: {},
  words: [0, 0],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const all = yield* bridge.call((c) => c.connectors.list())
      if (given.flag("json")) io.print(JSON.stringify(all))
      else
        io.print(
          table(
            ["id", "account", "name", "tested"],
            all.map((c) => [c.id, c.account, c.name, c.checkedAt])
          )
        )
      return 0
    })
}

export const removeConnector: Command = {
  name: "connectors remove",
  args: "CONNECTION",
  summary: "Removes a connection and its secrets.",
  help: "",
  options: {},
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const c = yield* connectionNamed(given.positionals[0] ?? "")
      yield* bridge.call((client) => client.connectors.remove({ params: { id: c.id } }))
      io.say(`Removed ${c.account} (${c.id}).`)
      return 0
    })
}

/** By id, name or account; a vendor's name will do where there is only one of it. */
export const connectionNamed = (text: string): Effect.Effect<ConnectionView, CliError, Bridge> =>
  Effect.gen(function* () {
    const bridge = yield* Bridge
    const all = yield* bridge.call((c) => c.connectors.list())
    const found = [
      all.filter((c) => c.id === text),
      all.filter((c) => c.name === text || c.account === text),
      all.filter((c) => c.vendor === text)
    ].find((some) => some.length > 0)
    const [one, other] = found ?? []
    if (one === undefined) return yield* wrongUse(`There is no connection ${text}; see bridge connectors list.`)
    if (other !== undefined)
      return yield* wrongUse(`${text} is not one connection but ${found?.length}: use the id (bridge connectors list).`)
    return one
  })
