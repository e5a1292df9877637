import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { beforeAll, expect, it } from "vitest"
import { brokersKnownTo } from "./Metadata.ts"
import { freshDatabase, type TestStack, testStack } from "./TestStack.ts"

let stack: TestStack
beforeAll(async () => {
  stack = await testStack()
})

it("gives every test file the run's broker and registry", async () => {
  expect(await brokersKnownTo(Number(stack.kafkaBrokers.split(":")[1]))).toBe(1)
  expect(await (await fetch(`${stack.registryUrl}/subjects`)).json()).toBeInstanceOf(Array)
})

it("gives an empty database of PostgreSQL 18 that sorts by code point", async () => {
  const url = await freshDatabase(stack.databaseUrl)
  const rows = await Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    return yield* sql`select current_setting('server_version_num')::int / 10000 as version, 'a' < 'B' as "ignoresCase",
      (select count(*)::int from pg_class where relnamespace = 'public'::regnamespace) as tables`
  }).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(url) })), Effect.runPromise)
  expect(rows).toEqual([{ version: 18, ignoresCase: false, tables: 0 }])
  expect(await freshDatabase(stack.databaseUrl)).not.toBe(url)
})
