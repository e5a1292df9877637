// Access tokens of a login: signed, fifteen minutes, naming user, tenant, role and session. For Sessions and AccessLive.
import { type Role, roles } from "@bridge/contract/Access"
import { Kek } from "@bridge/vault/Kek"
import { Config, Context, Effect, Layer, Option, Redacted } from "effect"
import { jwtVerify, SignJWT } from "jose"

export const accessSeconds = 15 * 60

export interface Claims {
  readonly userId: string
  readonly tenantId: string
  readonly sessionId: string
  readonly email: string
  readonly role: Role
}

export class AccessTokens extends Context.Service<
  AccessTokens,
  {
    readonly sign: (claims: Claims, nowMillis: number) => Effect.Effect<string>
    /** None when it is not ours, was changed or has expired. */
    readonly verify: (token: string, nowMillis: number) => Effect.Effect<Option.Option<Claims>>
  }
>()("bridge/api/AccessTokens") {
  /** The key is BRIDGE_JWT_SECRET, or derived from the key-encryption key: the same on every instance. */
  static readonly layer = Layer.effect(
    AccessTokens,
    Effect.gen(function* () {
      const configured = yield* Config.option(Config.Redacted("BRIDGE_JWT_SECRET"))
      const kek = yield* Kek
      const key = Option.match(configured, {
        onNone: () => Redacted.value(kek.derive("api/access-tokens")),
        onSome: (secret) => Buffer.from(Redacted.value(secret), "utf8")
      })
      return AccessTokens.of({
        sign: (c, nowMillis) => Effect.promise(() => signed(c, key, nowMillis)),
        verify: (token, nowMillis) =>
          Effect.promise(() => verified(token, key, nowMillis).catch(() => Option.none<Claims>()))
      })
    })
  )
}

const signed = (c: Claims, key: Uint8Array, nowMillis: number): Promise<string> => {
  const now = Math.floor(nowMillis / 1000)
  return new SignJWT({ tid: c.tenantId, sid: c.sessionId, email: c.email, role: c.role })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
    .setSubject(c.userId)
    .setIssuer("bridge")
    .setAudience("bridge")
    .setIssuedAt(now)
    .setExpirationTime(now + accessSeconds)
    .sign(key)
}

const verified = async (token: string, key: Uint8Array, nowMillis: number): Promise<Option.Option<Claims>> => {
  const { payload } = await jwtVerify(token, key, {
    algorithms: ["HS256"],
    typ: "at+jwt",
    issuer: "bridge",
    audience: "bridge",
    currentDate: new Date(nowMillis),
    requiredClaims: ["sub", "exp", "tid", "sid", "role"]
  })
  const { email, role, sid, sub, tid } = payload
  const known = roles.find((r) => r === role)
  return typeof sub === "string" && typeof tid === "string" && typeof sid === "string" && known !== undefined
    ? Option.some({
        userId: sub,
        tenantId: tid,
        sessionId: sid,
        role: known,
        email: typeof email === "string" ? email : ""
      })
    : Option.none()
}
