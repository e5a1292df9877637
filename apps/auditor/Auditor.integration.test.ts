import { freshDatabase, type TestStack, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { asTenant, ownerLayer, layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { findings } from "./audit/Results.ts"
import { appendTenant, verifyChain } from "./chain/Chain.ts"
import { enter } from "./tally/Books.ts"

let stack: TestStack
let services: ManagedRuntime.ManagedRuntime<SqlClient.SqlClient, unknown>
let owner: ManagedRuntime.ManagedRuntime<SqlClient.SqlClient, unknown>
let tenantId = ""

beforeAll(async () => {
  stack = await testStack()
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: await freshDatabase(stack.databaseUrl) }))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
  services = ManagedRuntime.make(postgres.pipe(Layer.provide(env)))
  owner = ManagedRuntime.make(ownerLayer.pipe(Layer.provide(env)))
})
afterAll(async () => {
  await services?.dispose()
  await owner?.dispose()
  await stack?.stop()
})

const rows = <A extends object>(query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>) =>
  services.runPromise(asTenant(tenantId)(Effect.flatMap(SqlClient.SqlClient, query)))
/** As somebody with the keys of the database, whom the chain is for. */
const tamper = (query: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>) =>
  owner.runPromise(Effect.flatMap(SqlClient.SqlClient, query))

beforeEach(async () => {
  tenantId = crypto.randomUUID()
  await rows((sql) => sql`insert into tenants (id, slug, name) values (${tenantId}::uuid, ${`t-${tenantId}`}, 'T')`)
})

const events = (n: number) =>
  rows(
    (sql) => sql`insert into job_events (tenant_id, type, actor, detail)
      select ${tenantId}::uuid, 'approved', 'ann', jsonb_build_object('n', g, 'price', 1.50) from generate_series(1, ${n}::int) g`
  )
const verify = () => services.runPromise(verifyChain(tenantId))

describe("the audit log", () => {
  it("takes every event once, in order, over many appends", async () => {
    for (const n of [3, 9, 600]) {
      await events(n)
      await services.runPromise(Effect.all([appendTenant(tenantId), appendTenant(tenantId)], { concurrency: 2 }))
    }
    expect(await verify()).toMatchObject({ ok: true, entries: 612 })
    expect(await rows((sql) => sql`select 1 from job_events where not chained`)).toEqual([])
    expect(await tamper((sql) => sql`select 1 from audit_queue where tenant_id = ${tenantId}::uuid`)).toEqual([])
  })

  it("can be neither changed nor shortened by a service", async () => {
    await events(1)
    await services.runPromise(appendTenant(tenantId))
    await expect(rows((sql) => sql`update audit_log set actor = 'bob'`)).rejects.toThrow()
    await expect(rows((sql) => sql`delete from audit_log`)).rejects.toThrow()
  })

  it.each<[string, (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>]>([
    ["changed", (sql) => sql`update audit_log set actor = 'bob' where tenant_id = ${tenantId}::uuid and seq = 3`],
    [
      "changed in its detail",
      (sql) => sql`update audit_log set detail = '{}' where tenant_id = ${tenantId}::uuid and seq = 3`
    ],
    ["removed", (sql) => sql`delete from audit_log where tenant_id = ${tenantId}::uuid and seq = 3`],
    ["removed at the end", (sql) => sql`delete from audit_log where tenant_id = ${tenantId}::uuid and seq = 5`],
    [
      "put in",
      (
        sql
      ) => sql`insert into audit_log select tenant_id, 6, 9999999 + event_seq, job_id, at, actor, action, detail, hash, hash
      from audit_log where tenant_id = ${tenantId}::uuid and seq = 5`
    ]
  ])("shows that a row was %s", async (_what, forge) => {
    await events(5)
    await services.runPromise(appendTenant(tenantId))
    expect((await verify()).ok).toBe(true)
    await tamper(forge)
    expect((await verify()).ok).toBe(false)
  })
})

describe("tallies", () => {
  it("add up from the pieces of a batch, in any order and with repeats", async () => {
    const job = crypto.randomUUID()
    const piece = (ids: ReadonlyArray<string>) => ({
      entity: "ticket",
      batchKey: "1",
      ids,
      hashes: ids.map((i) => `h${i}`),
      notes: ids.map(() => "")
    })
    for (const ids of [
      ["3", "4"],
      ["1", "2"],
      ["3", "4"],
      ["2", "3"]
    ])
      await services.runPromise(asTenant(tenantId)(enter(tenantId, job, "loaded", [piece(ids)])))
    const [row] = await rows<{ ids: ReadonlyArray<string>; hashes: ReadonlyArray<string> }>(
      (sql) => sql`select ids, hashes from tallies`
    )
    expect(row?.ids.toSorted()).toEqual(["1", "2", "3", "4"])
    expect(row?.hashes).toEqual(row?.ids.map((i) => `h${i}`))
  })
})

describe("what the read-back found", () => {
  it("is a fault where we differ, and only told where the destination keeps its own", async () => {
    const job = crypto.randomUUID()
    const notes = { "1": "", "2": "subject", "3": "~organization_id", "4": "status,~organization_id", "5": "missing" }
    const tally = {
      entity: "ticket",
      batchKey: "ticket/0",
      ids: Object.keys(notes),
      hashes: Object.keys(notes).map((id) => `9${id}`),
      notes: Object.values(notes)
    }
    await services.runPromise(asTenant(tenantId)(enter(tenantId, job, "destination", [tally])))
    const found = await services.runPromise(asTenant(tenantId)(findings(job, "ticket", false)))
    expect(found.map((f) => [f.id, f.code])).toEqual([
      ["2", "changed"],
      ["3", "set-by-destination"],
      ["4", "changed"],
      ["4", "set-by-destination"],
      ["5", "missing"]
    ])
    expect(found[2]?.message).toBe("the destination differs in status")
  })
})
