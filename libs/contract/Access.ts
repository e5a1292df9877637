// Who calls, and how the API refuses what it cannot read: the two middlewares of every route. For apps/api and its clients.
import { Context, Schema } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import { on } from "./Problem.ts"

/** What a person or a token may do; `permissions` says what that means. */
export const roles = ["admin", "approver", "operator", "viewer"] as const
export const Role = Schema.Literals(roles)
export type Role = typeof Role.Type

export type Permission = "read" | "connect" | "run" | "approve" | "administer"

/** viewer: sees everything. operator: starts and stops jobs. approver: also approves. admin: also connects and settles what holds for the tenant. */
export const permissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(["read"]),
  operator: new Set(["read", "run"]),
  approver: new Set(["read", "run", "approve"]),
  admin: new Set(["read", "run", "approve", "connect", "administer"])
}

export class CurrentUser extends Context.Service<
  CurrentUser,
  {
    readonly tenantId: string
    readonly userId: string
    readonly email: string
    readonly role: Role
    /** The session of a login, or null for an API token. */
    readonly sessionId: string | null
    readonly tokenId: string | null
  }
>()("bridge/contract/CurrentUser") {}

/** An access token of a login or an API token, as `Authorization: Bearer` or in the cookie `bridge_access`. */
export class Access extends HttpApiMiddleware.Service<Access, { provides: CurrentUser }>()("bridge/contract/Access", {
  security: {
    bearer: HttpApiSecurity.bearer,
    cookie: HttpApiSecurity.apiKey({ key: "bridge_access", in: "cookie" })
  },
  error: [on[401], on[403], on[503]],
  requiredForClient: true
}) {}

/** Turns what does not decode into the problem `invalid-request` with its places. */
export class Readable extends HttpApiMiddleware.Service<Readable>()("bridge/contract/Readable", {
  error: [on[400], on[413], on[415], on[500]]
}) {}
