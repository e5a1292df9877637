// Reads a stream of a played Freshservice account to its end. For tests.
import { httpTo, type Respond, testVendor } from "@bridge/http/TestVendor"
import { Effect, Logger, Stream } from "effect"
import { discoverFields } from "../Account.ts"
import { decodeConfig } from "../Connectors.ts"
import { readStream } from "../Engine.ts"
import type { ReadSettings } from "../Reading.ts"
import type { Row } from "../Row.ts"
import { freshservice } from "./Freshservice.ts"
import { account } from "./TestAccount.ts"

const config = await Effect.runPromise(decodeConfig(freshservice, account.config))

/** Rows by stream, and the paths that were asked for. */
export const readAll = (
  respond: Respond,
  name: string,
  wanted: ReadonlyArray<string>,
  more: Partial<ReadSettings> = {}
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { calls, port } = yield* testVendor(respond)
        const source = { tenantId: "t", connectionId: "c", connector: freshservice as never, config, share: 1 }
        const groups = yield* Stream.runCollect(
          readStream(source, name, {
            options: { now: "2026-06-01T00:00:00Z" },
            wanted: new Set(wanted),
            mode: "trial",
            ...more
          })
        ).pipe(Effect.provide(httpTo({ "*.freshservice.com": `http://127.0.0.1:${port}` })))
        const rows = (stream: string): ReadonlyArray<Row> => groups.flatMap((group) => group.rows[stream] ?? [])
        return {
          rows,
          gaps: groups.flatMap((group) => group.gaps),
          calls: calls.map(({ url }) => `${url.pathname.replace("/api/v2/", "")}${url.search}`)
        }
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )

/** The fields of the account, by stream. */
export const discovered = (respond: Respond) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { port } = yield* testVendor(respond)
        const source = { tenantId: "t", connectionId: "c", connector: freshservice as never, config, share: 1 }
        return yield* discoverFields(source, { mode: "trial" }).pipe(
          Effect.provide(httpTo({ "*.freshservice.com": `http://127.0.0.1:${port}` }))
        )
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )
