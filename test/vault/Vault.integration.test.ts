import { freshDatabase, type TestStack, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { asTenant, ownerLayer, layer as postgres } from "@bridge/store/Postgres"
import { Kek } from "@bridge/vault/Kek"
import { rewrapAll } from "@bridge/vault/Rewrap"
import { Vault } from "@bridge/vault/Vault"
import type { VaultError } from "@bridge/vault/VaultError"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

let stack: TestStack
let env: Layer.Layer<never>
beforeAll(async () => {
  stack = await testStack()
  const url = await freshDatabase(stack.databaseUrl)
  env = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ DATABASE_URL: url }))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
})
afterAll(() => stack.stop())

const keys = (kek: number, previous?: number) =>
  Kek.layerOf(Buffer.alloc(32, kek), previous === undefined ? undefined : Buffer.alloc(32, previous))
/** A vault of its own, as another process would have it: nothing is remembered from before. */
const vault = <A, E>(
  use: (v: Vault["Service"]) => Effect.Effect<A, E, SqlClient.SqlClient>,
  kek = 1,
  previous?: number
): Promise<A> =>
  Effect.runPromise(
    Vault.use(use).pipe(
      Effect.provide(Vault.layerWithoutKek.pipe(Layer.provide(keys(kek, previous)), Layer.provideMerge(postgres))),
      Effect.provide(env),
      Effect.scoped
    )
  )
const reasonOf = <A>(use: (v: Vault["Service"]) => Effect.Effect<A, VaultError>, kek = 1): Promise<string> =>
  vault((v) => Effect.map(Effect.flip(use(v)), (e) => e.reason._tag), kek)
const owner = (statement: string) =>
  Effect.runPromise(
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe<{ data_key: Uint8Array | null }>(statement)).pipe(
      Effect.provide(ownerLayer),
      Effect.provide(env)
    )
  )

const tenant = async (slug: string): Promise<string> => {
  const id = crypto.randomUUID()
  await owner(`insert into tenants (id, slug, name) values ('${id}', '${slug}', '${slug}')`)
  await vault((v) => v.createTenantKey(id))
  return id
}

describe("the vault", () => {
  it("gives a tenant's secrets back, as text and as bytes", async () => {
    const id = await tenant("one")
    const sealed = await vault((v) => v.seal(id, Redacted.make("the key")))
    assert.notInclude(sealed.toString("latin1"), "the key")
    assert.strictEqual(Redacted.value(await vault((v) => v.openText(id, sealed))), "the key")
    const bytes = Buffer.from([0, 255, 1])
    assert.deepStrictEqual(await vault((v) => Effect.flatMap(v.seal(id, bytes), (s) => v.open(id, s))), bytes)
  })

  it("shows an opened secret to nobody who prints it", async () => {
    const id = await tenant("printed")
    const opened = await vault((v) => Effect.flatMap(v.seal(id, Redacted.make("the key")), (s) => v.openText(id, s)))
    assert.notInclude(JSON.stringify(opened) + String(opened), "the key")
  })

  it("opens nothing that was sealed for another tenant", async () => {
    const [one, two] = [await tenant("mine"), await tenant("yours")]
    const sealed = await vault((v) => v.seal(one, Redacted.make("mine")))
    assert.strictEqual(await reasonOf((v) => v.open(two, sealed)), "SealBroken")
  })

  it("opens nothing that was changed or cut", async () => {
    const id = await tenant("changed")
    const sealed = await vault((v) => v.seal(id, Redacted.make("the key")))
    for (const at of [0, 1, 13, 29, sealed.length - 1]) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      assert.strictEqual(await reasonOf((v) => v.open(id, changed)), "SealBroken")
    }
    assert.strictEqual(await reasonOf((v) => v.open(id, sealed.subarray(0, 10))), "SealBroken")
  })

  it("opens nothing under another key-encryption key, and says which key is wrong", async () => {
    const id = await tenant("rewrapped")
    const sealed = await vault((v) => v.seal(id, Redacted.make("the key")))
    assert.strictEqual(await reasonOf((v) => v.open(id, sealed), 2), "KekWrong")
    assert.strictEqual(Redacted.value(await vault((v) => v.openText(id, sealed))), "the key")
  })

  it("keeps one tenant's wrapped key useless to another", async () => {
    const [one, two] = [await tenant("victim"), await tenant("thief")]
    await owner(`update tenants set data_key = (select data_key from tenants where id = '${one}') where id = '${two}'`)
    const sealed = await vault((v) => v.seal(one, Redacted.make("mine")))
    assert.strictEqual(await reasonOf((v) => v.open(two, sealed)), "KekWrong")
  })

  it("makes a tenant's key once, also when asked again", async () => {
    const id = await tenant("again")
    const sealed = await vault((v) => v.seal(id, Redacted.make("kept")))
    await Promise.all([vault((v) => v.createTenantKey(id)), vault((v) => v.createTenantKey(id))])
    assert.strictEqual(Redacted.value(await vault((v) => v.openText(id, sealed))), "kept")
  })

  it("keeps the key itself out of the database", async () => {
    await tenant("wrapped")
    for (const { data_key } of await owner("select data_key from tenants")) assert.strictEqual(data_key?.length, 61)
  })

  it("opens nothing of a tenant that is gone or was never there", async () => {
    const id = await tenant("gone")
    const sealed = await vault((v) => v.seal(id, Redacted.make("the key")))
    await owner(`update tenants set data_key = null, deleted_at = now() where id = '${id}'`)
    assert.strictEqual(await reasonOf((v) => v.open(id, sealed)), "DataKeyMissing")
    assert.strictEqual(await reasonOf((v) => v.seal(crypto.randomUUID(), Redacted.make("x"))), "DataKeyMissing")
  })

  it("makes the key in the transaction of its caller, and leaves none behind when that fails", async () => {
    const id = crypto.randomUUID()
    const undone = vault((v) =>
      asTenant(id)(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`insert into tenants (id, slug, name) values (${id}::uuid, 'undone', 'undone')`
          yield* v.createTenantKey(id)
          yield* v.seal(id, Redacted.make("inside"))
          return yield* Effect.fail("undo")
        })
      ).pipe(Effect.flip)
    )
    assert.strictEqual(await undone, "undo")
    assert.lengthOf(await owner("select data_key from tenants where slug = 'undone'"), 0)
  })
})

describe("a changed key-encryption key", () => {
  const rewrap = (kek: number, previous?: number) =>
    Effect.runPromise(
      rewrapAll.pipe(Effect.provide(Layer.merge(ownerLayer, keys(kek, previous))), Effect.provide(env), Effect.scoped)
    )

  it("opens what the one before has wrapped while both are named, and takes its place when all is wrapped anew", async () => {
    const [a, b] = [await tenant("rotated-a"), await tenant("rotated-b")]
    const sealed = await vault((v) => v.seal(a, Redacted.make("the secret")))
    const text = (kek: number, previous?: number) =>
      vault((v) => Effect.map(v.openText(a, sealed), Redacted.value), kek, previous)
    assert.strictEqual(await text(2, 1), "the secret")
    assert.strictEqual(await reasonOf((v) => v.openText(a, sealed), 2), "KekWrong")

    // One that is wrapped under a key that nobody names keeps none of the others.
    const lost = await tenant("rotated-lost")
    await vault((v) => v.createTenantKey(lost))
    await owner(`update tenants set data_key = '\\x01' where id = '${lost}'`)
    const { rewrapped, unknown } = await rewrap(2, 1)
    assert.isAtLeast(rewrapped, 2)
    assert.include(unknown, lost)
    assert.deepStrictEqual(await rewrap(2, 1), { rewrapped: 0, unknown })

    assert.strictEqual(await text(2), "the secret")
    assert.strictEqual(await reasonOf((v) => v.openText(a, sealed), 1), "KekWrong")
    assert.isOk(await vault((v) => v.seal(b, Buffer.of(1)), 2))
    const [table] = await owner(
      "select relforcerowsecurity::text::bytea as data_key from pg_class where relname = 'tenants'"
    )
    assert.strictEqual(Buffer.from(table?.data_key ?? []).toString(), "true")
    // As it was, for whoever comes next.
    await rewrap(1, 2)
  })
})
