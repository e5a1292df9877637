// login, logout, whoami, tenants create: who somebody is. Passwords come from a prompt, stdin or the environment, never argv.
import { Effect } from "effect"
import { Bridge } from "../Bridge.ts"
import { type CliError, wrongUse } from "../CliError.ts"
import type { Command, Given } from "../Command.ts"
import { Io } from "../Io.ts"
import { removeSession, sessionFile, writeSession } from "../Session.ts"

const passwordHelp = "  --password-stdin   read the password from stdin (else BRIDGE_PASSWORD, else it is asked for)"

const password = (given: Given): Effect.Effect<string, CliError, Io> =>
  Effect.gen(function* () {
    const io = yield* Io
    if (given.flag("password-stdin")) return (yield* Effect.promise(() => io.input())).replace(/\r?\n$/, "")
    const known = io.env("BRIDGE_PASSWORD")
    if (known !== undefined) return known
    if (!io.interactive) return yield* wrongUse("Give the password with --password-stdin or BRIDGE_PASSWORD.")
    return yield* Effect.promise(() => io.ask("Password: ", true))
  })

const email = (given: Given): Effect.Effect<string, CliError, Io> =>
  Effect.gen(function* () {
    const io = yield* Io
    const known = given.text("email") ?? io.env("BRIDGE_EMAIL")
    if (known !== undefined) return known
    if (!io.interactive) return yield* wrongUse("Give the e-mail address with --email or BRIDGE_EMAIL.")
    return yield* Effect.promise(() => io.ask("E-mail: ", false))
  })

export const login: Command = {
  name: "login",
  args: "",
  summary:
    "Logs in and keeps the session in ~/.config/bridge (mode 0600). BRIDGE_TOKEN is used instead where it is set.",
  help: `  --email E          who logs in (else BRIDGE_EMAIL, else it is asked for)\n${passwordHelp}`,
  options: { email: { type: "string" }, "password-stdin": { type: "boolean" } },
  words: [0, 0],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const payload = { email: yield* email(given), password: yield* password(given) }
      const tokens = yield* bridge.callAs(undefined, (c) => c.sessions.login({ payload }))
      const profile = yield* bridge.callAs(tokens.accessToken, (c) => c.profile.profile())
      const { accessToken, expiresInSeconds, refreshToken } = tokens
      writeSession(sessionFile(io.env), {
        url: bridge.url,
        email: profile.email,
        accessToken,
        refreshToken,
        expiresAtMillis: Date.now() + expiresInSeconds * 1000
      })
      if (given.flag("json")) io.print(JSON.stringify(profile))
      else io.say(`Logged in at ${bridge.url} as ${profile.email} (${profile.role} of ${profile.tenant.name}).`)
      return 0
    })
}

export const logout: Command = {
  name: "logout",
  args: "",
  summary: "Ends the session, here and at Bridge.",
  help: "",
  options: {},
  words: [0, 0],
  run: () =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      // A session that has ended already is as good as logged out.
      yield* Effect.ignore(bridge.call((c) => c.profile.logout()))
      removeSession(sessionFile(io.env))
      io.say("Logged out.")
      return 0
    })
}

export const whoami: Command = {
  name: "whoami",
  args: "",
  summary: "Says who is logged in, and where.",
  help: "",
  options: {},
  words: [0, 0],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const p = yield* bridge.call((c) => c.profile.profile())
      io.print(given.flag("json") ? JSON.stringify(p) : `${p.email}, ${p.role} of ${p.tenant.name}, at ${bridge.url}`)
      return 0
    })
}

export const createTenant: Command = {
  name: "tenants create",
  args: "",
  summary:
    "Makes a tenant with its first user. Needs BRIDGE_OPERATOR_TOKEN; the first tenant of an installation without one does not.",
  help: `  --slug S           short name: small letters, digits and -
  --name N           the tenant's name (default: the slug)
  --email E          the first user, an admin
${passwordHelp}`,
  options: {
    slug: { type: "string" },
    name: { type: "string" },
    email: { type: "string" },
    "password-stdin": { type: "boolean" }
  },
  words: [0, 0],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const slug = given.text("slug")
      if (slug === undefined) return yield* wrongUse("Give the tenant a --slug.")
      const admin = { email: yield* email(given), password: yield* password(given) }
      const payload = { slug, name: given.text("name") ?? slug, admin }
      const tenant = yield* bridge.callAs(io.env("BRIDGE_OPERATOR_TOKEN"), (c) => c.sessions.createTenant({ payload }))
      io.print(
        given.flag("json")
          ? JSON.stringify(tenant)
          : `Tenant ${tenant.slug} (${tenant.id}), admin ${tenant.admin.email}`
      )
      return 0
    })
}
