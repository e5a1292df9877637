// The world of one command: its environment, its streams, and questions to a person. For Cli.ts and the commands.
// Answers of Bridge go to stdout, words for people to stderr; secrets are asked for without showing them.
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { Context } from "effect"

export interface Streams {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable
}

export class Io extends Context.Service<
  Io,
  {
    readonly env: (name: string) => string | undefined
    /** True when a person sits at both ends. */
    readonly interactive: boolean
    /** True when stdout can be drawn on. */
    readonly screen: boolean
    readonly columns: number
    readonly print: (line: string) => void
    readonly draw: (text: string) => void
    /** Words for people. */
    readonly say: (line: string) => void
    readonly ask: (question: string, secret: boolean) => Promise<string>
    /** All of stdin, for what is piped in. */
    readonly input: () => Promise<string>
  }
>()("bridge/cli/Io") {}

export const ioOver = (s: Streams): Io["Service"] =>
  Io.of({
    env: (name) => (s.env[name] === "" ? undefined : s.env[name]),
    interactive: s.stdin.isTTY === true && s.stdout.isTTY === true,
    screen: s.stdout.isTTY === true && s.env["TERM"] !== "dumb" && s.env["NO_COLOR"] === undefined,
    columns: s.stdout.columns ?? 80,
    print: (line) => void s.stdout.write(`${line}\n`),
    draw: (text) => void s.stdout.write(text),
    say: (line) => void s.stderr.write(`${line}\n`),
    ask: (question, secret) => asked(s, question, secret),
    input: async () => {
      let text = ""
      for await (const chunk of s.stdin) text += String(chunk)
      return text
    }
  })

const asked = (s: Streams, question: string, secret: boolean): Promise<string> =>
  new Promise((answer) => {
    s.stderr.write(question)
    // readline echoes to its output: a secret has none.
    const lines = createInterface({ input: s.stdin, ...(secret ? {} : { output: s.stderr }), terminal: true })
    lines.once("line", (line) => {
      if (secret) s.stderr.write("\n")
      lines.close()
      answer(line)
    })
    lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"))
  })
