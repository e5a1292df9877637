// Runs a connector command against a vendor played on loopback and gathers what it said. For tests.
import { Readable } from "node:stream"
import { type Respond, testVendor } from "@bridge/http/TestVendor"
import { ConfigProvider, Effect, Layer } from "effect"
import { command } from "./Command.ts"
import { Lines } from "./Lines.ts"

type Line = { readonly [key: string]: unknown } & { readonly type: string }

export interface Ran {
  readonly code: number
  readonly lines: ReadonlyArray<Line>
  readonly text: string
  readonly words: string
  readonly calls: number
}

export const ran = (argv: ReadonlyArray<string>, respond: Respond = () => undefined, input = ""): Promise<Ran> => {
  let text = ""
  let words = ""
  const lines = Layer.succeed(
    Lines,
    Lines.of({
      write: (line) =>
        Effect.sync(() => {
          text += line.toString()
        }),
      say: (said) =>
        Effect.sync(() => {
          words += `${said}\n`
        })
    })
  )
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { calls, port } = yield* testVendor(respond)
        const map = { "*.freshservice.com": `http://127.0.0.1:${port}`, "*.zendesk.com": `http://127.0.0.1:${port}` }
        const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ BRIDGE_HOST_MAP: JSON.stringify(map) }))
        const code = yield* command(argv, Readable.from([input])).pipe(Effect.provide(Layer.mergeAll(lines, env)))
        return {
          code,
          text,
          words,
          lines: text
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line)),
          calls: calls.length
        }
      })
    )
  )
}
