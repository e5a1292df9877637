// Wraps every tenant's data key under the key-encryption key of today, where it still is under the one before. For operators
// (scripts/rewrap.ts), as the owner of the tables. What does not belong here: what is sealed under data keys; it stays as it is.
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Kek } from "./Kek.ts"

export interface Rewrapped {
  /** Data keys that were wrapped anew. */
  readonly rewrapped: number
  /** Tenants whose data key neither key opens. */
  readonly unknown: ReadonlyArray<string>
}

/** All in one transaction; a second time it finds nothing to do. Services may run: they take either key meanwhile. */
export const rewrapAll = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const kek = yield* Kek
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      // Also an owner that is no superuser sees all rows, until the end of the transaction.
      yield* sql`alter table tenants no force row level security`
      const rows = yield* sql<{
        id: string
        data_key: Uint8Array
      }>`select id::text, data_key from tenants where data_key is not null order by id for update`
      const changed: Array<readonly [id: string, key: string]> = []
      const unknown: Array<string> = []
      for (const { data_key, id } of rows) {
        const anew = kek.rewrap(id, data_key)
        if (anew === null) unknown.push(id)
        else if (!anew.equals(data_key)) changed.push([id, anew.toString("hex")])
      }
      yield* sql`update tenants t set data_key = decode(u.k, 'hex')
        from unnest(${changed.map(([id]) => id)}::text[], ${changed.map(([, key]) => key)}::text[]) as u(i, k)
        where t.id = u.i::uuid`
      yield* sql`alter table tenants force row level security`
      return { rewrapped: changed.length, unknown } satisfies Rewrapped
    })
  )
})
