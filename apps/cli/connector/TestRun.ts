// Runs a connector command against a vendor played on loopback and gathers what it said. For tests.
import { Readable } from "node:stream"
import { type Respond, testVendor } from "@bridge/http/TestVendor"
import { Clock, ConfigProvider, Duration, Effect, Layer } from "effect"
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

/** The clock of a command that is in a hurry: its hours pass so many times as fast. */
const hurried = (speed: number) =>
  Effect.map(Clock.Clock, (clock) => {
    const began = clock.currentTimeNanosUnsafe()
    const nanos = () => began + (clock.currentTimeNanosUnsafe() - began) * BigInt(speed)
    const millis = () => Number(nanos() / 1_000_000n)
    return Clock.Clock.of({
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() * BigInt(speed),
      monotonicTimeNanos: Effect.map(clock.monotonicTimeNanos, (now) => now * BigInt(speed)),
      sleep: (duration) => clock.sleep(Duration.divideUnsafe(duration, speed))
    })
  })

export const ran = (
  argv: ReadonlyArray<string>,
  respond: Respond = () => undefined,
  input = "",
  speed = 1
): Promise<Ran> => {
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
        const clock = Layer.effect(Clock.Clock, hurried(speed))
        const code = yield* command(argv, Readable.from([input])).pipe(
          Effect.provide(Layer.mergeAll(lines, env, clock))
        )
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
