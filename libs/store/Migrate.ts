// Numbered SQL, forward only, applied under a lock at start. For every service's start and the deploy step.

import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ownerLayer } from "./Postgres.ts"

/** A migration that was applied has been edited since. We act: restore the file, add a new one. */
export class MigrationChanged extends Schema.TaggedError<MigrationChanged>()("MigrationChanged", {
  name: Schema.String
}) {}

const folder = fileURLToPath(new URL("./migrations/", import.meta.url))

interface Migration {
  readonly name: string
  readonly sql: string
  readonly hash: string
}

const read = (): ReadonlyArray<Migration> =>
  readdirSync(folder)
    .filter((f) => /^\d{4}_[a-z0-9_]+\.sql$/.test(f))
    .toSorted()
    .map((name) => {
      const sql = readFileSync(folder + name, "utf8")
      return { name, sql, hash: createHash("sha256").update(sql).digest("hex") }
    })

const applyAll = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`select pg_advisory_xact_lock(hashtextextended('bridge/migrate', 0))`
  yield* sql`create table if not exists bridge_migrations (name text primary key, hash text not null, at timestamptz not null default now())`
  const done = new Map(
    (yield* sql<{ name: string; hash: string }>`select name, hash from bridge_migrations`).map((r) => [r.name, r.hash])
  )
  const applied: Array<string> = []
  for (const m of read()) {
    const before = done.get(m.name)
    if (before !== undefined && before !== m.hash) return yield* new MigrationChanged({ name: m.name })
    if (before !== undefined) continue
    for (const statement of statements(m.sql)) yield* sql.unsafe(statement)
    yield* sql`insert into bridge_migrations (name, hash) values (${m.name}, ${m.hash})`
    applied.push(m.name)
  }
  return applied
})

/** Applies what is missing, as the owner of the tables; returns the names applied. Two at once: the second waits. */
export const migrate = Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(applyAll)).pipe(
  Effect.provide(ownerLayer)
)

/** Splits a file at semicolons that end a statement; `$$` bodies, quotes and comments stay whole. */
export const statements = (text: string): ReadonlyArray<string> => {
  const out: Array<string> = []
  let start = 0
  const token = /--[^\n]*|'(?:[^']|'')*'|\$\$[\s\S]*?\$\$|;/g
  for (let m = token.exec(text); m !== null; m = token.exec(text)) {
    if (m[0] !== ";") continue
    out.push(text.slice(start, m.index))
    start = token.lastIndex
  }
  out.push(text.slice(start))
  return out.filter((s) => s.replace(/--[^\n]*/g, "").trim() !== "")
}
