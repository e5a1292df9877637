// New tenants with their first user: by the operator's token, or without one on an installation that has none yet.
import { timingSafeEqual } from "node:crypto"
import { problem } from "@bridge/contract/Problem"
import type { NewTenant, Profile, Tenant } from "@bridge/contract/Sessions"
import { Vault } from "@bridge/vault/Vault"
import { Config, Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { note } from "../http/Event.ts"
import { inTenant, orUnavailable } from "../http/Rows.ts"
import { Passwords } from "./Passwords.ts"
import { digest } from "./Secrets.ts"

const operatorToken = Config.option(Config.Redacted("BRIDGE_OPERATOR_TOKEN"))

/** Tenant, data key and first user in one transaction. A configured operator's token is always needed. */
export const createTenant = Effect.fn("Tenants.create")(function* (
  asked: typeof NewTenant.Type,
  credential: string | undefined
) {
  const needed = yield* Effect.orDie(operatorToken)
  if (needed._tag === "Some" && !sameSecret(credential, Redacted.value(needed.value)))
    return yield* Effect.fail(problem("sign-in-needed", "A tenant is made with the operator's token only."))
  if (needed._tag === "None" && (yield* hasTenant)) return yield* firstExists
  const passwords = yield* Passwords
  const passwordHash = yield* passwords.hash(Redacted.make(asked.admin.password))
  const tenantId = yield* newId
  return yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const first =
      yield* sql`update installation set first_tenant_at = now() where first_tenant_at is null returning first_tenant_at`
    if (first.length === 0 && needed._tag === "None") return yield* firstExists
    yield* sql`insert into tenants (id, slug, name) values (${tenantId}::uuid, ${asked.slug}, ${asked.name})`
    yield* (yield* Vault).createTenantKey(tenantId).pipe(Effect.orDie)
    const [user] = yield* sql<{
      id: string
      email: string
    }>`insert into users (tenant_id, email, name, password_hash, role)
      values (${tenantId}::uuid, ${asked.admin.email}, ${asked.admin.name ?? ""}, ${passwordHash}, 'admin')
      returning id, email::text as email`
    yield* note({ tenantId, type: "tenant-created", actor: "operator", detail: { slug: asked.slug } })
    return {
      id: tenantId,
      slug: asked.slug,
      name: asked.name,
      admin: { id: user?.id ?? "", email: user?.email ?? "" }
    } satisfies typeof Tenant.Type
  }).pipe(
    Effect.catchReason("SqlError", "UniqueViolation", (reason) =>
      Effect.fail(problem("tenant-exists", taken(reason.constraint, asked)))
    ),
    inTenant(tenantId)
  )
})

/** Only whoever runs the installation: by the configured operator's token. */
export const asOperator = Effect.fn("Tenants.asOperator")(function* (credential: string | undefined) {
  const needed = yield* Effect.orDie(operatorToken)
  if (needed._tag === "Some" && sameSecret(credential, Redacted.value(needed.value))) return
  const how =
    needed._tag === "Some" ? "This needs the operator's token." : "Start with BRIDGE_OPERATOR_TOKEN to do this."
  return yield* Effect.fail(problem("sign-in-needed", how))
})

const firstExists = Effect.fail(
  problem("sign-in-needed", "The first tenant exists: start with BRIDGE_OPERATOR_TOKEN to make more.")
)

/** Looked at before a password is hashed for somebody who may not make a tenant. */
const hasTenant = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql`select 1 from installation where first_tenant_at is not null`, (rows) => rows.length > 0)
).pipe(orUnavailable)

const taken = (constraint: string | undefined, asked: typeof NewTenant.Type): string =>
  constraint?.includes("email") === true
    ? `There is a user ${asked.admin.email} already.`
    : `There is a tenant ${asked.slug} already.`

const newId = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ id: string }>`select uuidv7() as id`, (rows) => rows[0]?.id ?? "")
).pipe(orUnavailable)

const sameSecret = (given: string | undefined, wanted: string): boolean =>
  given !== undefined && timingSafeEqual(digest(given), digest(wanted))

interface ProfileRow {
  readonly name: string
  readonly slug: string
  readonly tenant: string
  readonly tier: string
}

export const profileOf = Effect.fn("Tenants.profileOf")(function* (user: {
  readonly tenantId: string
  readonly userId: string
  readonly email: string
  readonly role: typeof Profile.Type.role
}) {
  const sql = yield* SqlClient.SqlClient
  const [row] =
    yield* sql<ProfileRow>`select u.name, t.slug, t.name as tenant, t.tier from users u join tenants t on t.id = u.tenant_id
    where u.id = ${user.userId}::uuid`.pipe(inTenant(user.tenantId))
  if (row === undefined) return yield* Effect.fail(problem("sign-in-needed"))
  return {
    id: user.userId,
    email: user.email,
    name: row.name,
    role: user.role,
    tenant: { id: user.tenantId, slug: row.slug, name: row.tenant, tier: row.tier }
  } satisfies typeof Profile.Type
})
