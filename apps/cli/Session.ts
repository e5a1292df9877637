// Where Bridge is and who one is: from options and environment, else from the file that `bridge login` wrote. For Bridge.ts.
// The file holds tokens: it is written with mode 0600, whole or not at all.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { Result, Schema } from "effect"

export const Session = Schema.Struct({
  url: Schema.String,
  email: Schema.String,
  accessToken: Schema.String,
  refreshToken: Schema.String,
  expiresAtMillis: Schema.Finite
})
export type Session = typeof Session.Type

export const defaultUrl = "http://127.0.0.1:8080"

type Env = (name: string) => string | undefined

/** BRIDGE_CONFIG_DIR, else the user's own configuration folder. */
export const sessionFile = (env: Env): string =>
  join(
    env("BRIDGE_CONFIG_DIR") ?? join(env("XDG_CONFIG_HOME") ?? join(env("HOME") ?? homedir(), ".config"), "bridge"),
    "session.json"
  )

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Session))

/** Undefined when nobody is logged in, or the file is not one. */
export const readSession = (file: string): Session | undefined => {
  try {
    const decoded = decode(readFileSync(file, "utf8"))
    return Result.isSuccess(decoded) ? decoded.success : undefined
  } catch {
    return undefined
  }
}

export const writeSession = (file: string, session: Session): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, `${JSON.stringify(session, undefined, 2)}\n`, { mode: 0o600 })
  chmodSync(aside, 0o600)
  renameSync(aside, file)
}

export const removeSession = (file: string): void => rmSync(file, { force: true })
