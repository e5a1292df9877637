// A command as data: its words, its options, what it does. For Cli.ts, which finds, explains and runs them.
import { type ParseArgsOptionsConfig, parseArgs } from "node:util"
import type { Effect } from "effect"
import type { Bridge } from "./Bridge.ts"
import { type CliError, wrongUse } from "./CliError.ts"
import type { Io } from "./Io.ts"

export interface Given {
  readonly positionals: ReadonlyArray<string>
  readonly text: (name: string) => string | undefined
  readonly flag: (name: string) => boolean
}

export interface Command {
  /** `tenants create` */
  readonly name: string
  /** What stands behind the name: `JOB`. */
  readonly args: string
  readonly summary: string
  /** Option lines of the help, without the common ones. */
  readonly help: string
  readonly options: ParseArgsOptionsConfig
  /** How many words stand behind the name. */
  readonly words: readonly [least: number, most: number]
  /** Gives the exit code. */
  readonly run: (given: Given) => Effect.Effect<number, CliError, Bridge | Io>
}

export const commonOptions = {
  url: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" }
} as const satisfies ParseArgsOptionsConfig

export const commonHelp = `  --url URL          where Bridge is (default: of the last login, else http://127.0.0.1:8080)
  --json             answers for scripts: one JSON value on stdout
  -h, --help         this help`

/** Throws a CliError for what does not fit. */
export const given = (command: Command, argv: ReadonlyArray<string>): Given => {
  const { positionals, values } = parsed(command, argv)
  const [least, most] = command.words
  if (values["help"] !== true && (positionals.length < least || positionals.length > most))
    throw wrongUse(`usage: bridge ${command.name}${command.args === "" ? "" : ` ${command.args}`}`)
  return {
    positionals,
    text: (name) => {
      const value = values[name]
      return typeof value === "string" ? value : undefined
    },
    flag: (name) => values[name] === true
  }
}

interface Parsed {
  readonly positionals: ReadonlyArray<string>
  readonly values: Readonly<Record<string, unknown>>
}

const parsed = (command: Command, argv: ReadonlyArray<string>): Parsed => {
  const options: ParseArgsOptionsConfig = { ...commonOptions, ...command.options }
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw wrongUse(`${error instanceof Error ? error.message : String(error)}\nSee bridge ${command.name} --help.`)
  }
}

export const helpOf = (c: Command): string =>
  [
    `bridge ${c.name}${c.args === "" ? "" : ` ${c.args}`}`,
    "",
    c.summary,
    "",
    ...(c.help === "" ? [] : [c.help]),
    commonHelp
  ].join("\n")
