// The key-encryption key: from BRIDGE_KEK, or a file made once that only its owner can read. For Vault and signing secrets.
// What does not belong here: keys of tenants (Vault), anything that writes the key anywhere else.
import { hkdfSync, randomBytes } from "node:crypto"
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Config, Context, Effect, Layer, Redacted } from "effect"
import { openWith, sealWith } from "./Sealed.ts"
import { KekExposed, KekInvalid, KekUnreadable, VaultError } from "./VaultError.ts"

const keyBytes = 32
const defaultFile = fileURLToPath(new URL("../../.bridge/kek", import.meta.url))

const settings = Config.all({
  key: Config.option(Config.Redacted("BRIDGE_KEK")),
  previous: Config.option(Config.Redacted("BRIDGE_KEK_PREVIOUS")),
  file: Config.String("BRIDGE_KEK_FILE").pipe(Config.withDefault(defaultFile))
})

export class Kek extends Context.Service<
  Kek,
  {
    /** Encrypts a data key for one tenant. */
    readonly wrap: (tenantId: string, dataKey: Buffer) => Buffer
    /** Null when it was wrapped under another key than this one and the previous one, or for another tenant. */
    readonly unwrap: (tenantId: string, wrapped: Uint8Array) => Buffer | null
    /** Under this key: the same bytes where it is already; null where it cannot be unwrapped. */
    readonly rewrap: (tenantId: string, wrapped: Uint8Array) => Buffer | null
    /** A secret of its own for a named purpose (signing of tokens), the same on every instance. */
    readonly derive: (purpose: string) => Redacted.Redacted<Buffer>
  }
>()("bridge/vault/Kek") {
  /** Fails with KekInvalid, KekExposed or KekUnreadable: a service without its key does not start. */
  static readonly layer = Layer.effect(
    Kek,
    Effect.gen(function* () {
      const { file, key, previous } = yield* settings
      const current = yield* key._tag === "Some" ? parsed(Redacted.value(key.value), "BRIDGE_KEK") : fromFile(file)
      if (previous._tag === "None") return over(current)
      return over(current, yield* parsed(Redacted.value(previous.value), "BRIDGE_KEK_PREVIOUS"))
    })
  )
  static readonly layerOf = (key: Buffer, previous?: Buffer) => Layer.sync(Kek, () => over(key, previous))
}

function over(key: Buffer, previous?: Buffer): Kek["Service"] {
  const context = (tenantId: string) => `bridge/data-key/${tenantId}`
  const wrap = (tenantId: string, dataKey: Buffer) => sealWith(key, context(tenantId), dataKey)
  const before = (tenantId: string, wrapped: Uint8Array) =>
    previous === undefined ? null : openWith(previous, context(tenantId), wrapped)
  return Kek.of({
    wrap,
    unwrap: (tenantId, wrapped) => openWith(key, context(tenantId), wrapped) ?? before(tenantId, wrapped),
    rewrap: (tenantId, wrapped) => {
      if (openWith(key, context(tenantId), wrapped) !== null) return Buffer.from(wrapped)
      const dataKey = before(tenantId, wrapped)
      return dataKey === null ? null : wrap(tenantId, dataKey)
    },
    derive: (purpose) => Redacted.make(Buffer.from(hkdfSync("sha256", key, "bridge", purpose, keyBytes)))
  })
}

const refuse = (reason: VaultError["reason"]) => new VaultError({ operation: "kek", reason })

function parsed(text: string, where: string): Effect.Effect<Buffer, VaultError> {
  const trimmed = text.trim()
  const key = Buffer.from(trimmed, "base64")
  return key.length === keyBytes && key.toString("base64").replace(/=+$/, "") === trimmed.replace(/=+$/, "")
    ? Effect.succeed(key)
    : Effect.fail(refuse(new KekInvalid({ where })))
}

/** Reads the file, which is made first when it is missing; of two processes that make it, one wins and both read it. */
function fromFile(file: string): Effect.Effect<Buffer, VaultError> {
  return Effect.try({
    try: () => {
      if (statSync(file, { throwIfNoEntry: false }) === undefined) create(file)
      return { mode: statSync(file).mode & 0o777, text: readFileSync(file, "utf8") }
    },
    catch: (cause) => refuse(new KekUnreadable({ file, cause }))
  }).pipe(
    Effect.flatMap(({ mode, text }) =>
      (mode & 0o077) === 0
        ? parsed(text, file)
        : Effect.fail(refuse(new KekExposed({ file, mode: mode.toString(8).padStart(4, "0") })))
    )
  )
}

/** Written aside with mode 0600 and linked into place whole, so that nobody ever reads half a key. */
const create = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true })
  const aside = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`
  const fd = openSync(aside, "wx", 0o600)
  try {
    writeSync(fd, `${randomBytes(keyBytes).toString("base64")}\n`)
    fsyncSync(fd)
    linkSync(aside, file)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  } finally {
    closeSync(fd)
    rmSync(aside, { force: true })
  }
}
