// Large bodies and attachments: by tenant and SHA-256, encrypted with the tenant's key, never in a message or a row.
// For extractor and refiner (write), review, loader and auditor (read). A directory; other stores can stand behind Blobs.
import { randomUUID } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises"
import { join } from "node:path"
import { sha256 } from "@bridge/domain/Canonical"
import { Vault } from "@bridge/vault/Vault"
import type { VaultError } from "@bridge/vault/VaultError"
import { Clock, Config, Context, Effect, Layer, Schema } from "effect"

/** The store could not be read or written (disk full, permissions). The operator acts; the stage tries again. */
export class BlobStoreUnavailable extends Schema.TaggedError<BlobStoreUnavailable>()("BlobStoreUnavailable", {
  cause: Schema.Defect()
}) {}
/** No blob of this hash for this tenant. We act: the archive names it, so it was removed or never written. */
export class BlobMissing extends Schema.TaggedError<BlobMissing>()("BlobMissing", { sha256: Schema.String }) {}
/** The bytes do not have the hash they are stored under. We act; nothing is loaded from them. */
export class BlobDamaged extends Schema.TaggedError<BlobDamaged>()("BlobDamaged", { sha256: Schema.String }) {}

export class BlobError extends Schema.TaggedError<BlobError>()("BlobError", {
  operation: Schema.String,
  reason: Schema.Union([BlobStoreUnavailable, BlobMissing, BlobDamaged])
}) {
  get transient(): boolean {
    return this.reason._tag === "BlobStoreUnavailable"
  }
}

export class Blobs extends Context.Service<
  Blobs,
  {
    /** Stores bytes durably and gives their SHA-256 (hex). Storing the same bytes again changes nothing. */
    readonly put: (tenantId: string, bytes: Uint8Array) => Effect.Effect<string, BlobError | VaultError>
    /** The bytes, verified against the hash. */
    readonly get: (tenantId: string, hash: string) => Effect.Effect<Buffer, BlobError | VaultError>
    readonly has: (tenantId: string, hash: string) => Effect.Effect<boolean, BlobError>
    /** Removes what a tenant stored last before an instant; how many there were. */
    readonly expire: (tenantId: string, beforeMillis: number) => Effect.Effect<number, BlobError>
    /** Removes everything of a tenant. */
    readonly clear: (tenantId: string) => Effect.Effect<void, BlobError>
  }
>()("bridge/store/Blobs") {
  static readonly layer = Layer.effect(
    Blobs,
    Effect.gen(function* () {
      const dir = yield* Config.String("BRIDGE_BLOB_DIR").pipe(Config.withDefault(".bridge/blobs"))
      return directory(dir, yield* Vault)
    })
  )
}

const hashPattern = /^[0-9a-f]{64}$/
const tenantPattern = /^[0-9a-f-]{36}$/

function directory(root: string, vault: Vault["Service"]): Blobs["Service"] {
  const attempt = <A>(operation: string, run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new BlobError({ operation, reason: new BlobStoreUnavailable({ cause }) })
    })
  const folder = (tenantId: string, hash: string): string => {
    if (!tenantPattern.test(tenantId) || !hashPattern.test(hash)) throw new Error("not a tenant id or SHA-256")
    return join(root, tenantId, hash.slice(0, 2))
  }
  const has = (tenantId: string, hash: string) =>
    attempt("Blobs.has", () =>
      stat(join(folder(tenantId, hash), hash)).then(
        () => true,
        (e: NodeJS.ErrnoException) => {
          if (e.code === "ENOENT") return false
          throw e
        }
      )
    )
  /** Stored once more: it is as young as if it were new. False when it is not there. */
  const touch = (tenantId: string, hash: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      attempt("Blobs.put", () =>
        utimes(join(folder(tenantId, hash), hash), now / 1000, now / 1000).then(
          () => true,
          (e: NodeJS.ErrnoException) => {
            if (e.code === "ENOENT") return false
            throw e
          }
        )
      )
    )
  return Blobs.of({
    has,
    put: (tenantId, bytes) =>
      Effect.gen(function* () {
        const hash = sha256(bytes)
        if (yield* touch(tenantId, hash)) return hash
        const sealed = yield* vault.seal(tenantId, bytes)
        yield* attempt("Blobs.put", () => writeWhole(folder(tenantId, hash), hash, sealed))
        return hash
      }),
    get: (tenantId, hash) =>
      Effect.gen(function* () {
        const missing = new BlobError({ operation: "Blobs.get", reason: new BlobMissing({ sha256: hash }) })
        if (!(yield* has(tenantId, hash))) return yield* missing
        const sealed = yield* attempt("Blobs.get", () => readFile(join(folder(tenantId, hash), hash)))
        const bytes = yield* vault.open(tenantId, sealed)
        if (sha256(bytes) !== hash) {
          return yield* new BlobError({ operation: "Blobs.get", reason: new BlobDamaged({ sha256: hash }) })
        }
        return bytes
      }),
    expire: (tenantId, beforeMillis) =>
      attempt("Blobs.expire", () => {
        if (!tenantPattern.test(tenantId)) throw new Error("not a tenant id")
        return removeOlder(join(root, tenantId), beforeMillis)
      }),
    clear: (tenantId) =>
      attempt("Blobs.clear", () => {
        if (!tenantPattern.test(tenantId)) throw new Error("not a tenant id")
        return rm(join(root, tenantId), { recursive: true, force: true })
      })
  })
}

const aside = ".gone"

/** Files of all folders, halves of killed writers among them. */
const removeOlder = async (dir: string, beforeMillis: number): Promise<number> => {
  const old = async (path: string) => (await stat(path)).mtimeMs < beforeMillis
  let removed = 0
  for (const folder of await readdir(dir).catch(() => []))
    for (const name of await readdir(join(dir, folder))) {
      const path = join(dir, folder, name.endsWith(aside) ? name.slice(0, -aside.length) : name)
      if (path.endsWith(name) && !(await old(path))) continue
      if (path.endsWith(name)) await rename(path, path + aside)
      // Stored once more in between: it is young by now, and comes back.
      if (!(await old(path + aside))) await rename(path + aside, path)
      else {
        await rm(path + aside, { force: true })
        removed++
      }
    }
  return removed
}

/** Written beside, flushed, then renamed: a kill in between leaves no half blob under its name. */
const writeWhole = async (folder: string, name: string, bytes: Uint8Array): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const part = join(folder, `${name}.${randomUUID()}.part`)
  const file = await open(part, "wx", 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, join(folder, name))
}
