// Finds the command, explains it or runs it, and says what went wrong. For main.ts and its tests.
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { bridgeLayer } from "./Bridge.ts"
import { CliError, wrongUse } from "./CliError.ts"
import { type Command, commonHelp, given, helpOf } from "./Command.ts"
import { createTenant, login, logout, whoami } from "./commands/Access.ts"
import { connect, listConnectors, removeConnector } from "./commands/Connect.ts"
import { estimate } from "./commands/Estimate.ts"

import { cancel, listJobs, migrate, pause, resume, watch } from "./commands/Jobs.ts"
import { approve, audit, results, review } from "./commands/Review.ts"
import { Io, ioOver, type Streams } from "./Io.ts"

export const commands: ReadonlyArray<Command> = [
  login,
  logout,
  whoami,
  createTenant,
  connect,
  listConnectors,
  removeConnector,
  estimate,
  migrate,
  listJobs,
  watch,
  review,
  approve,
  results,
  audit,
  pause,
  resume,
  cancel
]

const connectorLine = ["connector ...", "Runs one connector alone, without a server: bridge connector --help."] as const

export const overview = (): string => {
  const lines = commands.map((c) => [`${c.name} ${c.args}`.trim(), c.summary.split(/(?<=[.)])\s/)[0] ?? ""] as const)
  const all = [...lines, connectorLine]
  const width = Math.max(...all.map(([name]) => name.length))
  return [
    "bridge moves service-desk data between vendors: connect, migrate, review, approve, watch, prove.",
    "",
    ...all.map(([name, words]) => `  ${name.padEnd(width)}  ${words}`),
    "",
    commonHelp,
    "",
    "bridge COMMAND --help says more. Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 not logged in, 4 no answer."
  ].join("\n")
}

/** The command with the most words that stand in front. */
const find = (argv: ReadonlyArray<string>): Command | undefined =>
  commands
    .filter((c) => c.name.split(" ").every((word, i) => argv[i] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0]

/** Runs one command line; resolves with the exit code and never rejects. */
export const cli = async (argv: ReadonlyArray<string>, streams: Streams, signal?: AbortSignal): Promise<number> => {
  const io = ioOver(streams)
  if (argv.length === 0 || argv[0] === "help" || argv[0] === "--help" || argv[0] === "-h") {
    io.print(overview())
    return argv.length === 0 ? 2 : 0
  }
  const program = Effect.suspend(() => started(argv, io)).pipe(
    Effect.provide(Layer.merge(Layer.succeed(Io, io), Logger.layer([])))
  )
  const exit = await Effect.runPromiseExit(program, signal === undefined ? {} : { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  io.say(`bridge: ${error instanceof CliError ? error.message : Cause.pretty(exit.cause)}`)
  return error instanceof CliError ? error.exitCode : 1
}

const started = (argv: ReadonlyArray<string>, io: Io["Service"]) =>
  Effect.gen(function* () {
    const command = find(argv)
    if (command === undefined) {
      const group = commands.filter((c) => c.name.startsWith(`${argv[0]} `))
      if (group.length > 0 && argv.some((word) => word === "--help" || word === "-h")) {
        io.print(group.map(helpOf).join("\n\n"))
        return 0
      }
      const near = group.map((c) => c.name)
      const words = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "see bridge --help."
      return yield* wrongUse(`there is no command ${argv.slice(0, 2).join(" ")}: ${words}`)
    }
    const g = yield* Effect.try({
      try: () => given(command, argv.slice(command.name.split(" ").length)),
      catch: (error) => (error instanceof CliError ? error : wrongUse(String(error)))
    })
    if (g.flag("help")) {
      io.print(helpOf(command))
      return 0
    }
    return yield* command.run(g).pipe(Effect.provide(bridgeLayer(g.text("url"))))
  })
