// The words after `bridge connector`: which command, on which connector, with which files. For Command.ts.
import { Schema } from "effect"

/** The command line, a file or the configuration cannot be used. Who typed it acts; no call was made. Exit code 2. */
export class BadUse extends Schema.TaggedError<BadUse>()("BadUse", { message: Schema.String }) {}

export const commands = ["list", "spec", "check", "discover", "read", "write"] as const
export type CommandName = (typeof commands)[number]

export interface Arguments {
  readonly command: CommandName
  readonly connector?: string
  readonly config?: string
  readonly stream?: string
  readonly state?: string
  readonly limit?: number
  readonly normalized: boolean
}

export const usage = `bridge connector <command>: runs one connector alone, without a server. stdout is NDJSON.

  list                                                        the connectors there are
  spec     --connector V                                      JSON Schema of the configuration
  check    --connector V --config FILE                        are the credentials good?
  discover --connector V --config FILE                        the streams and their schemas
  read     --connector V --config FILE --stream S             records and states
           [--state FILE] [--limit N] [--normalized]
  write    --connector V --config FILE --stream S < lines     {"sourceId","data"} a line, data in the destination's shape

The configuration is JSON, like {"domain":"acme.freshservice.com","api_key":"..."}; spec says what there is. The file for --state
is the "state" object of the last state line of an earlier read.

Exit codes: 0 done, 2 bad configuration, 3 credentials refused, 4 vendor failure.`

const valued = ["connector", "config", "stream", "state", "limit"] as const
type Valued = (typeof valued)[number]

/** The arguments, or a sentence on what is wrong with them. */
export const parseArguments = (argv: ReadonlyArray<string>): Arguments | BadUse => {
  const [word, ...rest] = argv
  const command = commands.find((name) => name === word)
  if (command === undefined) return bad(word === undefined ? "a command is missing" : `there is no command "${word}"`)
  const given = new Map<Valued, string>()
  let normalized = false
  for (let i = 0; i < rest.length; i++) {
    const text = rest[i] ?? ""
    const [flag = "", inline] = text.startsWith("--") ? split(text) : [""]
    const name = valued.find((known) => `--${known}` === flag)
    if (flag === "--normalized" && inline === undefined) normalized = true
    else if (name === undefined) return bad(`"${text}" is not understood`)
    else {
      const value = inline ?? rest[++i]
      if (value === undefined || value === "") return bad(`${flag} needs a value`)
      given.set(name, value)
    }
  }
  const limit = given.get("limit")
  if (limit !== undefined && !/^\d+$/.test(limit)) return bad("--limit needs a whole number")
  for (const needed of needs[command]) if (!given.has(needed)) return bad(`${command} needs --${needed}`)
  const texts = Object.fromEntries([...given].filter(([name]) => name !== "limit"))
  return { command, ...texts, ...(limit !== undefined && { limit: Number(limit) }), normalized }
}

const needs: { readonly [C in CommandName]: ReadonlyArray<Valued> } = {
  list: [],
  spec: ["connector"],
  check: ["connector", "config"],
  discover: ["connector", "config"],
  read: ["connector", "config", "stream"],
  write: ["connector", "config", "stream"]
}

const split = (text: string): readonly [string, string | undefined] => {
  const at = text.indexOf("=")
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

const bad = (message: string): BadUse => new BadUse({ message: `${message}\n\n${usage}` })
