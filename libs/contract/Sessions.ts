// Logging in, API tokens and tenants: the routes that say who somebody is. For apps/api and its clients.
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable, Role } from "./Access.ts"
import { on } from "./Problem.ts"
import { Id, Instant, Label } from "./Shapes.ts"

/** Who has no token yet must not make the server remember or hash much. */
const Bounded = (most: number) =>
  Schema.String.check(Schema.isMaxLength(most, { message: `at most ${most} characters` }))

const Email = Schema.String.check(
  Schema.isPattern(/^[^@\s]{1,64}@[^@\s]{1,255}$/u, { message: "not an e-mail address" })
)
const NewPassword = Schema.String.check(
  Schema.isMinLength(10, { message: "at least 10 characters" }),
  Schema.isMaxLength(256, { message: "at most 256 characters" })
  // JSON Schema counts other characters than we do, and would say 5.
).annotate({ description: "10 to 256 characters." })

export const Tokens = Schema.Struct({
  accessToken: Schema.String,
  refreshToken: Schema.String,
  tokenType: Schema.Literal("Bearer"),
  expiresInSeconds: Schema.Int
}).annotate({ identifier: "Tokens" })

export const Profile = Schema.Struct({
  id: Id,
  email: Schema.String,
  name: Schema.String,
  role: Role,
  tenant: Schema.Struct({ id: Id, slug: Schema.String, name: Schema.String, tier: Schema.String })
}).annotate({ identifier: "Profile" })

export const ApiToken = Schema.Struct({
  id: Id,
  name: Schema.String,
  role: Role,
  createdAt: Instant,
  lastUsedAt: Schema.NullOr(Instant),
  expiresAt: Schema.NullOr(Instant)
}).annotate({ identifier: "ApiToken" })

/** The only answer that ever shows the token itself. */
export const NewApiToken = Schema.Struct({ ...ApiToken.fields, token: Schema.String }).annotate({
  identifier: "NewApiToken"
})

export const NewTenant = Schema.Struct({
  slug: Schema.String.check(
    Schema.isPattern(/^[a-z0-9][a-z0-9-]{1,62}$/u, { message: "small letters, digits and -, 2 to 63 of them" })
  ),
  name: Label,
  admin: Schema.Struct({ email: Email, password: NewPassword, name: Schema.optionalKey(Label) })
}).annotate({ identifier: "NewTenant" })

export const Tenant = Schema.Struct({
  id: Id,
  slug: Schema.String,
  name: Schema.String,
  admin: Schema.Struct({ id: Id, email: Schema.String })
}).annotate({ identifier: "Tenant" })

/** Open to everybody: there is no token yet. */
export class SessionsGroup extends HttpApiGroup.make("sessions")
  .add(
    HttpApiEndpoint.post("login", "/login", {
      payload: Schema.Struct({ email: Bounded(320), password: Bounded(256) }),
      success: Tokens,
      error: [on[401], on[429], on[503]]
    }),
    HttpApiEndpoint.post("refresh", "/refresh", {
      payload: Schema.Struct({ refreshToken: Schema.optionalKey(Bounded(200)) }),
      success: Tokens,
      error: [on[401], on[403], on[503]]
    }),
    /** With the operator's token; on a fresh installation that has none, the first tenant needs no token. */
    HttpApiEndpoint.post("createTenant", "/tenants", {
      payload: NewTenant,
      success: Tenant.pipe(HttpApiSchema.status(201)),
      error: [on[401], on[409], on[503]]
    })
  )
  .middleware(Readable)
  .prefix("/api") {}

export class ProfileGroup extends HttpApiGroup.make("profile")
  .add(
    HttpApiEndpoint.post("logout", "/logout", { success: HttpApiSchema.NoContent, error: [on[503]] }),
    HttpApiEndpoint.get("profile", "/profile", { success: Profile, error: [on[503]] }),
    HttpApiEndpoint.get("tokens", "/tokens", { success: Schema.Array(ApiToken), error: [on[503]] }),
    HttpApiEndpoint.post("createToken", "/tokens", {
      payload: Schema.Struct({
        name: Label,
        role: Schema.optionalKey(Role),
        expiresInDays: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3650 })))
      }),
      success: NewApiToken.pipe(HttpApiSchema.status(201)),
      error: [on[403], on[503]]
    }),
    HttpApiEndpoint.delete("revokeToken", "/tokens/:id", {
      params: { id: Schema.String },
      success: HttpApiSchema.NoContent,
      error: [on[403], on[404], on[503]]
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api") {}
