import { freshDatabase, type TestStack, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { asTenant, layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Book, entriesOf, intend, keyText, markUnknown, settle, withdraw } from "./Ledger.ts"
import { failed, type Outcome } from "./Outcome.ts"

let stack: TestStack
let services: ManagedRuntime.ManagedRuntime<SqlClient.SqlClient, unknown>
let book: Book
const job = crypto.randomUUID()
const later = crypto.randomUUID()

beforeAll(async () => {
  stack = await testStack()
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: await freshDatabase(stack.databaseUrl) }))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
  services = ManagedRuntime.make(postgres.pipe(Layer.provide(env)))
})
afterAll(async () => {
  await services?.dispose()
  await stack?.stop()
})
beforeEach(() => {
  book = { tenantId: crypto.randomUUID(), destinationAccount: "zendesk:desk", sourceAccount: "freshservice:acme" }
})

const as = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>, tenantId = book.tenantId) =>
  services.runPromise(asTenant(tenantId)(effect))
const entry = async (sourceId = "7", tenantId = book.tenantId) =>
  (await as(entriesOf(book, [{ entity: "ticket", sourceId }]), tenantId)).get(keyText("ticket", sourceId))
const end = (outcome: Outcome, by = job) => as(settle(book, by, [{ entity: "ticket", sourceId: "7", outcome }]))
const intent = (op: "create" | "update" = "create", by = job) =>
  as(
    intend(
      book,
      "ticket",
      [{ sourceId: "7", intent: { job: by, batch: 0, op, hash: "h", parts: [], bulk: true } }],
      5_000
    )
  )
const created: Outcome = { word: "created", destinationId: "900", hash: "h", error: null }
const refused = failed({ code: "no", message: "no", hint: "" })

describe("the ledger", () => {
  it("remembers an intent with a deadline that lies ahead, and what it led to", async () => {
    const before = Date.now()
    await intent()
    const open = await entry()
    expect(open).toMatchObject({ state: "intended", destinationId: null, intent: { job, op: "create", bulk: true } })
    expect(Date.parse(open?.intent?.deadline ?? "")).toBeGreaterThan(before + 4_000)
    await end(created)
    expect(await entry()).toMatchObject({
      state: "created",
      destinationId: "900",
      loadedHash: "h",
      createdJob: job,
      intent: null
    })
  })

  it("keeps who created a record when a later job updates it", async () => {
    await end(created)
    await end({ ...created, word: "updated", hash: "h2" }, later)
    expect(await entry()).toMatchObject({ state: "updated", loadedHash: "h2", createdJob: job, lastJob: later })
  })

  it("never forgets that a record is there because an update of it failed", async () => {
    await end(created)
    await intent("update", later)
    await end(refused, later)
    expect(await entry()).toMatchObject({
      state: "updated",
      destinationId: "900",
      loadedHash: "h",
      error: { code: "no" }
    })
  })

  it("has no trace of a call that surely never left, and of an update only what was there", async () => {
    await intent()
    await as(withdraw(book, "ticket", ["7"]))
    expect(await entry()).toBeUndefined()
    await end(created)
    await intent("update", later)
    await as(withdraw(book, "ticket", ["7"]))
    expect(await entry()).toMatchObject({ state: "updated", destinationId: "900", loadedHash: "h", intent: null })
  })

  it("keeps the intent of an outcome that nobody can tell", async () => {
    await intent()
    await as(markUnknown(book, "ticket", ["7"]))
    await end({ word: "unknown", destinationId: null, hash: null, error: null })
    expect(await entry()).toMatchObject({ state: "unknown", intent: { job } })
  })

  it("says failed only of what is not there", async () => {
    await end(refused)
    expect(await entry()).toMatchObject({ state: "failed", destinationId: null })
    await end(created, later)
    expect(await entry()).toMatchObject({ state: "created", error: null, createdJob: later })
  })

  it("reads the records it is asked for, not the account's whole ledger", async () => {
    const all = Array.from({ length: 4_000 }, (_, i) => ({
      entity: "ticket" as const,
      sourceId: `${i}`,
      outcome: created
    }))
    await as(settle(book, job, all))
    const asked = all.slice(0, 100).map(({ entity, sourceId }) => ({ entity, sourceId }))
    const [found, touched] = await as(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const entries = yield* entriesOf(book, asked)
        const [row] = yield* sql<{ rows: number }>`select (coalesce(idx_tup_fetch, 0) + seq_tup_read)::int as rows
          from pg_stat_xact_user_tables where relname = 'load_ledger'`
        return [entries.size, row?.rows] as const
      })
    )
    expect(found).toBe(100)
    // Not 4,000; the index may lead to a few more rows than it is asked for.
    expect(touched).toBeLessThan(200)
  })

  it("shows another tenant nothing (promise 5)", async () => {
    await end(created)
    expect(await entry("7", crypto.randomUUID())).toBeUndefined()
  })

  it("keeps accounts apart", async () => {
    await end(created)
    const other = { ...book, destinationAccount: "zendesk:other" }
    expect((await as(entriesOf(other, [{ entity: "ticket", sourceId: "7" }]))).size).toBe(0)
  })
})
