// Secrets of tenants, readable only inside the call that opens them: a data key per tenant, wrapped by the KEK.
// What does not belong here: where sealed bytes are kept (connections, blobs), passwords of users (apps/api).
import { randomBytes } from "node:crypto"
import { Clock, Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Kek } from "./Kek.ts"
import { openWith, sealWith } from "./Sealed.ts"
import { DataKeyMissing, KekWrong, KeyStoreUnavailable, SealBroken, VaultError } from "./VaultError.ts"

/** A key is read again after this time, so that a destroyed tenant stays unreadable everywhere. */
const keepMillis = 60_000

export interface Pieces {
  readonly seal: (part: string, plain: Uint8Array) => Buffer
  /** Null for what is not exactly this part, sealed for this tenant. */
  readonly open: (part: string, sealed: Uint8Array) => Buffer | null
}

export class Vault extends Context.Service<
  Vault,
  {
    /** Makes the tenant's data key; once, later calls change nothing. Joins the caller's transaction. */
    readonly createTenantKey: (tenantId: string) => Effect.Effect<void, VaultError>
    /** Encrypts under the tenant's key; the result opens for this tenant only. */
    readonly seal: (
      tenantId: string,
      plain: Redacted.Redacted<string> | Uint8Array
    ) => Effect.Effect<Buffer, VaultError>
    readonly open: (tenantId: string, sealed: Uint8Array) => Effect.Effect<Buffer, VaultError>
    /** The same for many pieces, each bound to its own place: `part` must be the same one to open it. */
    readonly pieces: (tenantId: string) => Effect.Effect<Pieces, VaultError>
    /** What was sealed as text. Promise 6: it stays Redacted until the call that uses it. */
    readonly openText: (tenantId: string, sealed: Uint8Array) => Effect.Effect<Redacted.Redacted<string>, VaultError>
  }
>()("bridge/vault/Vault") {
  /** Keys in `tenants.data_key`. Needs SqlClient and Kek. */
  static readonly layerWithoutKek = Layer.effect(Vault, Effect.suspend(make))
  static readonly layer = Vault.layerWithoutKek.pipe(Layer.provide(Kek.layer))
}

const fault = (operation: string, reason: VaultError["reason"]) => new VaultError({ operation, reason })
const context = (tenantId: string) => `bridge/sealed/${tenantId}`

function make() {
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const kek = yield* Kek
    const known = new Map<string, { readonly key: Buffer; readonly until: number }>()

    const inTenant = <A, E>(operation: string, tenantId: string, body: Effect.Effect<A, E>) =>
      sql
        .withTransaction(Effect.andThen(sql`select set_config('app.tenant', ${tenantId}, true)`, body))
        .pipe(Effect.mapError((cause) => fault(operation, new KeyStoreUnavailable({ cause }))))

    const createTenantKey = (tenantId: string) =>
      Effect.suspend(() => {
        const wrapped = kek.wrap(tenantId, randomBytes(32))
        return inTenant(
          "createTenantKey",
          tenantId,
          sql`update tenants set data_key = ${wrapped} where id = ${tenantId} and data_key is null and deleted_at is null`
        )
      }).pipe(Effect.asVoid)

    const load = Effect.fn("Vault.load")(function* (operation: string, tenantId: string) {
      const rows = yield* inTenant(
        operation,
        tenantId,
        sql<{ data_key: Uint8Array | null }>`select data_key from tenants where id = ${tenantId} and deleted_at is null`
      )
      const wrapped = rows[0]?.data_key ?? null
      if (wrapped === null) return yield* fault(operation, new DataKeyMissing({ tenantId }))
      const key = kek.unwrap(tenantId, wrapped)
      if (key === null) return yield* fault(operation, new KekWrong({ tenantId }))
      return key
    })

    const keyOf = (operation: string, tenantId: string) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const have = known.get(tenantId)
        if (have !== undefined && have.until > now) return have.key
        const key = yield* load(operation, tenantId)
        if (known.size > 10_000) known.clear()
        known.set(tenantId, { key, until: now + keepMillis })
        return key
      })

    const open = (tenantId: string, sealed: Uint8Array) =>
      Effect.flatMap(keyOf("open", tenantId), (key) => {
        const plain = openWith(key, context(tenantId), sealed)
        return plain === null ? Effect.fail(fault("open", new SealBroken({ tenantId }))) : Effect.succeed(plain)
      })

    return Vault.of({
      createTenantKey,
      seal: (tenantId, plain) =>
        Effect.map(keyOf("seal", tenantId), (key) => sealWith(key, context(tenantId), bytesOf(plain))),
      open,
      pieces: (tenantId) =>
        Effect.map(
          keyOf("pieces", tenantId),
          (key): Pieces => ({
            seal: (part, plain) => sealWith(key, `${context(tenantId)}/${part}`, plain),
            open: (part, sealed) => openWith(key, `${context(tenantId)}/${part}`, sealed)
          })
        ),
      openText: (tenantId, sealed) =>
        Effect.map(open(tenantId, sealed), (plain) => Redacted.make(plain.toString("utf8")))
    })
  })
}

const bytesOf = (plain: Redacted.Redacted<string> | Uint8Array): Uint8Array =>
  plain instanceof Uint8Array ? plain : Buffer.from(Redacted.value(plain), "utf8")
