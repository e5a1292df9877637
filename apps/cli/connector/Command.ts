// `bridge connector {list|spec|check|discover|read|write}`: one connector alone, against a vendor or a recording of it, without
// Kafka, Postgres or a server. For apps/cli/main.ts.
import { readFile } from "node:fs/promises"
import { checkAccount, discoverFields, schemaWith } from "@bridge/connectors/Account"
import type { AnyConnector } from "@bridge/connectors/Connector"
import { connectorNamed, connectors, decodeConfig, formOf } from "@bridge/connectors/Connectors"
import type { Source } from "@bridge/connectors/Reading"
import { Budgets } from "@bridge/http/Budgets"
import type { Json } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Wire } from "@bridge/http/Wire"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { type Arguments, BadUse, parseArguments, usage } from "./Arguments.ts"
import { Lines, line } from "./Lines.ts"
import { parseState, read } from "./Read.ts"
import { write } from "./Write.ts"

const exitCodes = { done: 0, badUse: 2, refused: 3, vendorFailed: 4, bug: 1, interrupted: 130 } as const

/** Runs one command to its end and gives the exit code. */
export const connectorCommand = async (argv: ReadonlyArray<string>): Promise<number> => {
  process.stdout.on("error", () => undefined)
  const exit = await Effect.runPromiseExit(
    command(argv, process.stdin).pipe(Effect.provide(Layer.mergeAll(Lines.layer, Logger.layer([toStderr]))))
  )
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCodes.interrupted
  process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
  return exitCodes.bug
}

/** The same as an effect; `input` is what `write` reads. What is wrong with its use is said, before any call. */
export const command = (
  argv: ReadonlyArray<string>,
  input: NodeJS.ReadableStream
): Effect.Effect<number, never, Lines> =>
  run(argv, input).pipe(
    Effect.provide(VendorHttp.layer.pipe(Layer.provide(Layer.mergeAll(Wire.layer, Budgets.layerMemory)))),
    Effect.catch((error) => Lines.use((lines) => Effect.as(lines.say(error.message), exitCodes.badUse)))
  )

const toStderr = Logger.make<unknown, void>(({ logLevel, message }) => {
  if (logLevel !== "Debug" && logLevel !== "Trace") process.stderr.write(`${[message].flat().map(String).join(" ")}\n`)
})

const run = Effect.fnUntraced(function* (argv: ReadonlyArray<string>, input: NodeJS.ReadableStream) {
  const lines = yield* Lines
  if (argv.some((word) => word === "--help" || word === "-h")) return yield* Effect.as(lines.say(usage), exitCodes.done)
  const args = parseArguments(argv)
  if (args instanceof BadUse) return yield* args
  if (args.command === "list") {
    for (const { vendor } of connectors) yield* lines.write(line({ type: "connector", connector: vendor }))
    return exitCodes.done
  }
  const connector = connectorNamed(args.connector ?? "")
  if (connector === undefined)
    return yield* new BadUse({ message: `there is no connector "${args.connector}"; see: bridge connector list` })
  if (args.command === "spec") {
    yield* lines.write(line({ type: "spec", connector: connector.vendor, schema: formOf(connector) }))
    return exitCodes.done
  }
  const source = yield* sourceOf(connector, args)
  const effect = yield* commandOf(source, args, input)
  return yield* Effect.catchTag(effect, "VendorError", (error) => Effect.as(lines.say(error.message), codeOf(error)))
})

/** The command as an effect that gives its exit code; what it needs is checked before any call. */
const commandOf = (source: Source, args: Arguments, input: NodeJS.ReadableStream) =>
  Effect.gen(function* () {
    const lines = yield* Lines
    const name = args.stream ?? ""
    if (args.command === "check") return check(source)
    if (args.command === "discover") return discover(source)
    if (args.command === "write") {
      const sinks = [...source.connector.sinks, ...(source.connector.besides ?? [])]
      const sink = sinks.find((candidate) => candidate.stream === name)
      if (sink === undefined)
        return yield* unknownStream(source.connector, name, [...new Set(sinks.map(({ stream }) => stream))])
      return write(source, sink, input).pipe(
        Effect.catchTag("VendorError", (error) => Effect.as(lines.say(error.message), false)),
        Effect.map((allWell) => (allWell ? exitCodes.done : exitCodes.vendorFailed))
      )
    }
    const streams = source.connector.streams.map((stream) => stream.name)
    if (!streams.includes(name)) return yield* unknownStream(source.connector, name, streams)
    const state = args.state === undefined ? { cursor: null, printed: [] } : parseState(yield* jsonFile(args.state))
    if (typeof state === "string") return yield* new BadUse({ message: `${args.state}: ${state}` })
    const settings = {
      stream: name,
      state,
      normalized: args.normalized,
      ...(args.limit !== undefined && { limit: args.limit })
    }
    return Effect.as(read(source, settings), exitCodes.done)
  })

const unknownStream = (connector: AnyConnector, name: string, known: ReadonlyArray<string>) =>
  new BadUse({
    message: `${connector.vendor} has no stream "${name}" for this; there are: ${known.join(", ") || "none"}`
  })

const sourceOf = Effect.fnUntraced(function* (connector: AnyConnector, args: Arguments) {
  const file = args.config ?? ""
  const config = yield* decodeConfig(connector, yield* jsonFile(file)).pipe(
    Effect.mapError((error) => new BadUse({ message: `${file}: ${error.issue}` }))
  )
  return { tenantId: "local", connectionId: connector.vendor, connector, config, share: 1 } satisfies Source
})

const jsonFile = (file: string): Effect.Effect<Json, BadUse> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: () => new BadUse({ message: `${file} cannot be read` })
  }).pipe(
    Effect.flatMap((text) =>
      Effect.try({
        // The text is not repeated: it may hold a secret.
        try: (): Json => JSON.parse(text.replace(/^\uFEFF/, "")),
        catch: () => new BadUse({ message: `${file} is not JSON` })
      })
    )
  )

const codeOf = (error: VendorError): number =>
  error.reason._tag === "AuthRejected" ? exitCodes.refused : exitCodes.vendorFailed

const check = (source: Source) =>
  Effect.gen(function* () {
    const lines = yield* Lines
    const found = yield* Effect.result(checkAccount(source, { mode: "check" }))
    const reason = found._tag === "Success" ? found.success : found.failure.message
    yield* lines.write(line({ type: "check", ok: reason === null, reason }))
    if (found._tag === "Failure") return codeOf(found.failure)
    return reason === null ? exitCodes.done : exitCodes.vendorFailed
  })

/** Without the account's own fields where it does not show them; not at all where it cannot be asked. */
const discover = (source: Source) =>
  Effect.gen(function* () {
    const lines = yield* Lines
    const fields = yield* discoverFields(source, { mode: "check" }).pipe(
      Effect.catchIf(
        (error) => notShown(error.reason),
        (error) =>
          Effect.gen(function* () {
            const reason = yield* checkAccount(source, { mode: "check" })
            if (reason !== null) return yield* Effect.fail(error)
            yield* lines.say(`custom fields are not known: ${error.message}`)
            return new Map<string, never>()
          })
      )
    )
    for (const stream of source.connector.streams)
      yield* lines.write(
        line({ type: "stream", stream: stream.name, schema: schemaWith(stream.schema, fields.get(stream.name) ?? []) })
      )
    return exitCodes.done
  })

const notShown = (reason: VendorError["reason"]): boolean =>
  reason._tag === "Gone" || reason._tag === "Refused" || (reason._tag === "AuthRejected" && reason.status === 403)
