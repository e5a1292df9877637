import { randomBytes } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sha256 } from "@bridge/domain/Canonical"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { Kek } from "@bridge/vault/Kek"
import { Vault } from "@bridge/vault/Vault"
import { ConfigProvider, Effect, Exit, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Blobs } from "./Blobs.ts"
import { migrate } from "./Migrate.ts"
import { asTenant, layer } from "./Postgres.ts"

const a = "01900000-0000-7000-8000-00000000000a"
const b = "01900000-0000-7000-8000-00000000000b"
const blobs = mkdtempSync(join(tmpdir(), "bridge-blobs-"))
let stop = async (): Promise<void> => {}
let env = ConfigProvider.layer(ConfigProvider.fromUnknown({}))

const withDb = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient | Blobs | Vault>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      effect.pipe(
        Effect.provide(
          Blobs.layer.pipe(
            Layer.provideMerge(Vault.layerWithoutKek),
            Layer.provide(Kek.layerOf(Buffer.alloc(32, 7))),
            Layer.provideMerge(layer),
            Layer.provideMerge(env)
          )
        )
      )
    )
  )

beforeAll(async () => {
  const stack = await testStack()
  stop = stack.stop
  env = ConfigProvider.layer(
    ConfigProvider.fromUnknown({ DATABASE_URL: await freshDatabase(stack.databaseUrl), BRIDGE_BLOB_DIR: blobs })
  )
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
  for (const [id, slug] of [
    [a, "a-co"],
    [b, "b-co"]
  ] as const) {
    await withDb(
      asTenant(id)(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`insert into tenants (id, slug, name) values (${id}::uuid, ${slug}, ${slug})`
        )
      ).pipe(Effect.andThen(Effect.flatMap(Vault, (v) => v.createTenantKey(id))))
    )
  }
})

afterAll(async () => {
  rmSync(blobs, { recursive: true, force: true })
  await stop()
})

/** The runtime's own, read across tenants by services alone: positions, budgets, wake-ups, messages on their way. */
const bareTables = [
  "audit_queue",
  "bridge_migrations",
  "consumer_offsets",
  "fences",
  "inbox",
  "installation",
  "leases",
  "outbox",
  "rate_budgets",
  "timers"
]

describe("migrations", () => {
  it("are applied once, however often they are asked for", async () => {
    expect(await Effect.runPromise(migrate.pipe(Effect.provide(env)))).toEqual([])
  })
})

describe("row-level security (promise 5)", () => {
  const insertUser = (tenant: string, owner: string, email: string) =>
    asTenant(tenant)(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`insert into users (tenant_id, email, password_hash) values (${owner}::uuid, ${email}, 'x')`
      )
    )

  it("shows a tenant its own rows, no other's, and nothing without a tenant", async () => {
    await withDb(insertUser(a, a, "a@a.example"))
    const emails = Effect.flatMap(SqlClient.SqlClient, (sql) => sql<{ email: string }>`select email::text from users`)
    expect(await withDb(asTenant(a)(emails))).toEqual([{ email: "a@a.example" }])
    expect(await withDb(asTenant(b)(emails))).toEqual([])
    expect(await withDb(emails)).toEqual([])
  })

  it("refuses a row that would belong to somebody else", async () => {
    expect(Exit.isFailure(await withDb(Effect.exit(insertUser(b, a, "b@b.example"))))).toBe(true)
  })

  it("is forced on every table that has a tenant, but for the runtime's own", async () => {
    const open = await withDb(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{
          name: string
        }>`select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
          where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and not (c.relrowsecurity and c.relforcerowsecurity) order by 1`
      )
    )
    expect(open.map((r) => r.name)).toEqual(["audit_queue", "leases", "timers"])
  })

  it("has for every such table one policy that reads and writes, and those before a login only read", async () => {
    const policies = await withDb(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ table: string; policy: string; command: string; reads: string; writes: string | null }>`
          select c.relname as table, p.polname as policy, p.polcmd::text as command,
            pg_get_expr(p.polqual, p.polrelid) as reads, pg_get_expr(p.polwithcheck, p.polrelid) as writes
          from pg_class c left join pg_policy p on p.polrelid = c.oid
          where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relforcerowsecurity`
      )
    )
    for (const p of policies.filter((each) => each.policy === "tenant" || each.policy === null)) {
      const own = p.table === "tenants" ? "(id = bridge_tenant())" : "(tenant_id = bridge_tenant())"
      expect(p).toEqual({ table: p.table, policy: "tenant", command: "*", reads: own, writes: own })
    }
    const others = policies.filter((p) => p.policy !== "tenant" && p.policy !== null)
    expect(others.map((p) => `${p.table} ${p.policy} ${p.command}`).toSorted()).toEqual([
      "api_tokens token r",
      "sessions refresh r",
      "sessions refresh_again r",
      "users login r"
    ])
  })

  it("leaves out only tables that hold nothing of a tenant's", async () => {
    const bare = await withDb(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ name: string }>`select relname as name from pg_class
          where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and not relforcerowsecurity order by 1`
      )
    )
    expect(bare.map((r) => r.name)).toEqual(bareTables)
  })

  it("cannot be bypassed by the services' role, and the audit log can only grow", async () => {
    const [role] = await withDb(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{
          super: boolean
          bypass: boolean
          edit: boolean
        }>`select rolsuper as super, rolbypassrls as bypass,
          has_table_privilege(current_user, 'audit_log', 'update') or has_table_privilege(current_user, 'audit_log', 'delete') as edit
          from pg_roles where rolname = current_user`
      )
    )
    expect(role).toEqual({ super: false, bypass: false, edit: false })
  })

  it("opens exactly one login row before a tenant is known", async () => {
    await withDb(insertUser(b, b, "b2@b.example"))
    const found = await withDb(
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql.withTransaction(
          Effect.andThen(
            sql`select set_config('app.login', 'B2@B.example', true)`,
            sql<{ email: string }>`select email::text from users`
          )
        )
      )
    )
    expect(found).toEqual([{ email: "b2@b.example" }])
  })
})

describe("zombie guards", () => {
  it("end a transaction that idles or lasts too long", async () => {
    const [row] = await withDb(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) =>
          sql<{
            idle: string
            long: string
          }>`select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('transaction_timeout') as long`
      )
    )
    expect(row).toEqual({ idle: "5s", long: "30s" })
  })
})

describe("blobs", () => {
  const body = randomBytes(300_000)

  it("give back what was put, for that tenant only, once per content", async () => {
    const hash = await withDb(Effect.flatMap(Blobs, (s) => s.put(a, body)))
    expect(await withDb(Effect.flatMap(Blobs, (s) => s.put(a, body)))).toBe(hash)
    expect(body.equals(await withDb(Effect.flatMap(Blobs, (s) => s.get(a, hash))))).toBe(true)
    expect(Exit.isFailure(await withDb(Effect.exit(Effect.flatMap(Blobs, (s) => s.get(b, hash)))))).toBe(true)
  })

  it("are not readable on the disk, and damage is found", async () => {
    const text = Buffer.from("a customer's words ".repeat(20_000))
    const hash = await withDb(Effect.flatMap(Blobs, (s) => s.put(a, text)))
    const file = join(blobs, a, hash.slice(0, 2), hash)
    const stored = readFileSync(file)
    expect(stored.includes("customer")).toBe(false)
    expect(readdirSync(join(blobs, a, hash.slice(0, 2)))).toEqual([hash])
    stored[stored.length - 5] = (stored[stored.length - 5] ?? 0) ^ 1
    writeFileSync(file, stored)
    expect(Exit.isFailure(await withDb(Effect.exit(Effect.flatMap(Blobs, (s) => s.get(a, hash)))))).toBe(true)
  })

  it.each([0, 1, 1024 * 1024, 1024 * 1024 + 1, 5_000_000])(
    "of %i bytes come in and go out in pieces, for that tenant only, as the same blob as in one",
    async (size) => {
      const bytes = randomBytes(size)
      const fill = (write: (chunk: Uint8Array) => Promise<void>) =>
        Effect.promise(async () => {
          for (let at = 0; at < size; at += 70_001) await write(bytes.subarray(at, at + 70_001))
        })
      const came = await withDb(Effect.flatMap(Blobs, (s) => s.receive(a, fill)))
      expect(came).toMatchObject({ sha256: sha256(bytes), bytes: size })
      const parts = await withDb(Effect.flatMap(Blobs, (s) => Stream.runCollect(s.stream(a, came.sha256))))
      expect(bytes.equals(Buffer.concat(parts))).toBe(true)
      expect(parts.every((part) => part.length <= 1024 * 1024)).toBe(true)
      expect(await withDb(Effect.flatMap(Blobs, (s) => s.put(a, bytes)))).toBe(came.sha256)
      expect(readdirSync(join(blobs, a, "incoming"))).toEqual([])
      expect(Exit.isFailure(await withDb(Effect.exit(Effect.flatMap(Blobs, (s) => s.get(b, came.sha256)))))).toBe(true)
    }
  )

  it("leave nothing behind where the sender fails or is interrupted", async () => {
    const half = (write: (chunk: Uint8Array) => Promise<void>) =>
      Effect.andThen(
        Effect.promise(() => write(randomBytes(2_000_000))),
        Effect.fail("gone")
      )
    const never = (write: (chunk: Uint8Array) => Promise<void>) =>
      Effect.andThen(
        Effect.promise(() => write(randomBytes(2_000_000))),
        Effect.never
      )
    expect(await withDb(Effect.flip(Effect.flatMap(Blobs, (s) => s.receive(a, half))))).toBe("gone")
    await withDb(
      Effect.timeoutOption(
        Effect.flatMap(Blobs, (s) => s.receive(a, never)),
        "300 millis"
      )
    )
    expect(readdirSync(join(blobs, a, "incoming"))).toEqual([])
  })

  it("in pieces are found damaged where a piece is changed, missing, or from elsewhere", async () => {
    const bytes = randomBytes(2_500_000)
    const fill = (write: (chunk: Uint8Array) => Promise<void>) => Effect.promise(() => write(bytes))
    const { sha256: hash } = await withDb(Effect.flatMap(Blobs, (s) => s.receive(a, fill)))
    const file = join(blobs, a, hash.slice(0, 2), hash)
    const good = readFileSync(file)
    const piece = 4 + good.readUInt32BE(17)
    const changed = Buffer.from(good)
    changed[1_500_000] = (changed[1_500_000] ?? 0) ^ 1
    const spoilt = [
      changed,
      good.subarray(0, 17 + piece),
      good.subarray(0, good.length - 1),
      Buffer.concat([good.subarray(0, 17), good.subarray(17 + piece)]),
      Buffer.concat([good, good.subarray(17, 17 + piece)])
    ]
    for (const one of spoilt) {
      writeFileSync(file, one)
      expect(Exit.isFailure(await withDb(Effect.exit(Effect.flatMap(Blobs, (s) => s.get(a, hash)))))).toBe(true)
    }
    writeFileSync(file, good)
    expect(bytes.equals(await withDb(Effect.flatMap(Blobs, (s) => s.get(a, hash))))).toBe(true)
  })

  it("refuse names that are no tenant or hash", async () => {
    const bad = Effect.flatMap(Blobs, (s) => s.get("../../etc", "0".repeat(64)))
    expect(Exit.isFailure(await withDb(Effect.exit(bad)))).toBe(true)
  })
})
