// What every connector promises, tried through the real HTTP path against an account that its test plays on loopback.
import { recordFields } from "@bridge/domain/RecordFields"
import { httpTo, json, type Respond, testVendor } from "@bridge/http/TestVendor"
import type { VendorError } from "@bridge/http/VendorError"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect, Logger, Result, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { checkAccount, discoverFields } from "./Account.ts"
import type { AnyConnector, JsonObject } from "./Connector.ts"
import { decodeConfig } from "./Connectors.ts"
import { type PageGroup, readStream } from "./Engine.ts"
import type { ReadSettings, Source } from "./Reading.ts"

export interface Account {
  readonly config: JsonObject
  /** Configurations that must be refused before any call. */
  readonly badConfigs: ReadonlyArray<readonly [string, JsonObject]>
  /** Answers a call as the vendor would; made anew for each test. */
  readonly respond: () => Respond
  /** Ids of the rows of each stream, as the vendor has them; children under their own name. */
  readonly ids: Readonly<Record<string, ReadonlyArray<string>>>
}

export const connectorSuite = (connector: AnyConnector, account: Account): void => {
  const run = <A, E>(respond: Respond, body: (source: Source) => Effect.Effect<A, E, VendorHttp>): Promise<A> =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const { port } = yield* testVendor(respond)
          const config = yield* decodeConfig(connector, account.config)
          const source: Source = { tenantId: "t", connectionId: "c", connector, config, share: 1 }
          return yield* Effect.provide(body(source), httpTo({ [connector.hostPattern]: `http://127.0.0.1:${port}` }))
        })
      ).pipe(Effect.provide(Logger.layer([])))
    )
  const driving = connector.streams.filter(({ parent }) => parent === undefined)
  const wantedOf = (name: string) =>
    new Set(connector.streams.filter((s) => s.name === name || s.parent === name).map((s) => s.name))
  const groupsOf = (source: Source, name: string, more: Partial<ReadSettings> = {}) =>
    Stream.runCollect(
      readStream(source, name, {
        options: { now: "2026-06-01T00:00:00Z" },
        wanted: wantedOf(name),
        mode: "trial",
        ...more
      })
    )
  const idsOf = (groups: ReadonlyArray<PageGroup>, name: string) =>
    groups.flatMap(({ rows }) => (rows[name] ?? []).map(({ sourceId }) => sourceId.replace(`${name}/`, "")))
  /** The call of that number is answered otherwise. */
  const spoilt =
    (respond: Respond, at: number, fault: Respond): Respond =>
    (call, response, number) =>
      (number === at ? fault : respond)(call, response, number)

  describe(`the connector of ${connector.vendor}`, () => {
    it.each(account.badConfigs)(
      "refuses a configuration with %s, and repeats no value of it",
      async (_what, config) => {
        const end = await Effect.runPromise(Effect.result(decodeConfig(connector, config)))
        expect(Result.isFailure(end)).toBe(true)
        if (Result.isFailure(end))
          for (const value of Object.values(config)) expect(end.failure.issue).not.toContain(String(value))
      }
    )

    it("finds good credentials good, and says when they are refused", async () => {
      expect(await run(account.respond(), (source) => checkAccount(source))).toBeNull()
      const refused: Respond = (_call, response) => json(response, 401, { message: "no" })
      const reason = await run(refused, (source) =>
        Effect.map(Effect.flip(checkAccount(source)), (e: VendorError) => e.reason._tag)
      )
      expect(reason).toBe("AuthRejected")
    })

    it("reads field definitions", async () => {
      const fields = await run(account.respond(), (source) => discoverFields(source))
      for (const [, list] of fields) expect(list.length).toBeGreaterThan(0)
    })

    it.each(driving)("reads every row of $name and of its children once", async ({ name }) => {
      const groups = await run(account.respond(), (source) => groupsOf(source, name))
      for (const stream of wantedOf(name))
        expect(idsOf(groups, stream).toSorted()).toEqual([...(account.ids[stream] ?? [])].toSorted())
    })

    it.each(driving)("goes on with $name from any checkpoint and misses nothing", async ({ name }) => {
      const all = await run(account.respond(), (source) => groupsOf(source, name))
      for (let at = 0; at < all.length - 1; at++) {
        const cursor = all[at]?.next ?? null
        const rest = await run(account.respond(), (source) =>
          groupsOf(source, name, { cursor: JSON.parse(JSON.stringify(cursor)) })
        )
        for (const stream of wantedOf(name))
          expect(new Set([...idsOf(all.slice(0, at + 1), stream), ...idsOf(rest, stream)])).toEqual(
            new Set(account.ids[stream])
          )
      }
    })

    it.each(driving)("reads only what changed when $name starts from its bookmark", async ({ name }) => {
      const all = await run(account.respond(), (source) => groupsOf(source, name))
      const bookmark = all.at(-1)?.bookmark ?? null
      if (bookmark === null) return
      const again = await run(account.respond(), (source) => groupsOf(source, name, { cursor: bookmark }))
      expect(idsOf(again, name)).toEqual([])
    })

    const faults: ReadonlyArray<readonly [string, Respond]> = [
      ["a 429", (_call, response) => json(response, 429, "slow down", { "retry-after": "0" })],
      ["a 500", (_call, response) => json(response, 500, {})],
      ["a cut body", (_call, response) => response.end('{"cut":[{"id"')]
    ]
    it.each(faults)("loses nothing over %s", async (_what, fault) => {
      for (const { name } of driving.slice(0, 1))
        for (const at of [1, 2, 4]) {
          const groups = await run(spoilt(account.respond(), at, fault), (source) => groupsOf(source, name))
          expect(new Set(idsOf(groups, name))).toEqual(new Set(account.ids[name]))
        }
    })

    it("makes records with exactly the canonical fields of any row, and never throws", () => {
      const names = [...new Set(connector.streams.flatMap(({ schema }) => Object.keys(Object(schema.properties))))]
      const id = fc.oneof(fc.nat(), fc.string(), fc.constant("9007199254740993"), fc.jsonValue())
      const row = fc.dictionary(fc.constantFrom("id", ...names), fc.oneof(id, fc.jsonValue({ maxDepth: 2 })))
      const config = Effect.runSync(decodeConfig(connector, account.config))
      fc.assert(
        fc.property(fc.constantFrom(...connector.streams), row, (stream, value) => {
          for (const { entity, record, sourceId } of stream.normalise(config, value as JsonObject, "1")) {
            expect(Object.keys(record).toSorted()).toEqual(Object.keys(recordFields[entity]).toSorted())
            expect(record.source_id).toBe(sourceId)
            for (const [field, kind] of Object.entries(recordFields[entity])) {
              const found = Object.entries(record).find(([key]) => key === field)?.[1]
              if (kind === "time" && typeof found === "string") expect(found).toMatch(/^[+-]?\d{4,6}-\d\d-\d\dT.*Z$/)
              if (kind === "strings" || kind === "list") expect(Array.isArray(found)).toBe(true)
              if (kind === "id") expect(found).toMatch(/./s)
            }
          }
        }),
        { numRuns: 500 }
      )
    })
  })
}
