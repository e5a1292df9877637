// Large bodies and attachments: by tenant and SHA-256, encrypted with the tenant's key, never in a message or a row.
// For extractor and refiner (write), review, loader and auditor (read). A directory; other stores can stand behind Blobs.
import { createHash, randomUUID } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises"
import { join } from "node:path"
import { sha256 } from "@bridge/domain/Canonical"
import { type Pieces, Vault } from "@bridge/vault/Vault"
import type { VaultError } from "@bridge/vault/VaultError"
import { Clock, Config, Context, Effect, Exit, Layer, Schema, Stream } from "effect"
import { BlobWriter, BrokenBlob, isPieces, readPieces } from "./BlobFile.ts"

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

export interface Received<A> {
  readonly sha256: string
  readonly bytes: number
  readonly value: A
}

export class Blobs extends Context.Service<
  Blobs,
  {
    /** Stores bytes durably and gives their SHA-256 (hex). Storing the same bytes again changes nothing. */
    readonly put: (tenantId: string, bytes: Uint8Array) => Effect.Effect<string, BlobError | VaultError>
    /**
     * Stores bytes as they come, whatever their number, and counts them; they are durable when this returns. Where `fill`
     * fails or is interrupted nothing is stored.
     */
    readonly receive: <A, E, R>(
      tenantId: string,
      fill: (write: (chunk: Uint8Array) => Promise<void>) => Effect.Effect<A, E, R>
    ) => Effect.Effect<Received<A>, BlobError | VaultError | E, R>
    /** The bytes in pieces of 1 MB or less; verified piece by piece, and at the end against the hash. */
    readonly stream: (tenantId: string, hash: string) => Stream.Stream<Buffer, BlobError | VaultError>
    /** The bytes, verified against the hash. */
    readonly get: (tenantId: string, hash: string) => Effect.Effect<Buffer, BlobError | VaultError>
    readonly has: (tenantId: string, hash: string) => Effect.Effect<boolean, BlobError>
    /** It is needed again: as young as if it were stored now. False when it is not there. */
    readonly touch: (tenantId: string, hash: string) => Effect.Effect<boolean, BlobError>
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
  const missing = (operation: string, hash: string) =>
    new BlobError({ operation, reason: new BlobMissing({ sha256: hash }) })
  const damaged = (operation: string, hash: string) =>
    new BlobError({ operation, reason: new BlobDamaged({ sha256: hash }) })
  const stream = (tenantId: string, hash: string) =>
    Stream.unwrap(
      Effect.gen(function* () {
        if (!(yield* has(tenantId, hash))) return yield* missing("Blobs.stream", hash)
        const path = join(folder(tenantId, hash), hash)
        const head = yield* attempt("Blobs.stream", () => headOf(path))
        if (!isPieces(head)) return Stream.fromEffect(whole(tenantId, hash))
        const pieces = yield* vault.pieces(tenantId)
        return Stream.fromAsyncIterable(verified(path, pieces, hash), (cause) =>
          cause instanceof BrokenBlob
            ? damaged("Blobs.stream", hash)
            : new BlobError({ operation: "Blobs.stream", reason: new BlobStoreUnavailable({ cause }) })
        )
      })
    )
  /** A body that was sealed as one. */
  const whole = (tenantId: string, hash: string) =>
    Effect.gen(function* () {
      const sealed = yield* attempt("Blobs.get", () => readFile(join(folder(tenantId, hash), hash)))
      const bytes = yield* vault.open(tenantId, sealed)
      return sha256(bytes) === hash ? bytes : yield* damaged("Blobs.get", hash)
    })
  const receive = <A, E, R>(
    tenantId: string,
    fill: (write: (chunk: Uint8Array) => Promise<void>) => Effect.Effect<A, E, R>
  ) =>
    Effect.gen(function* () {
      const pieces = yield* vault.pieces(tenantId)
      let fault: BlobError | undefined
      return yield* Effect.acquireUseRelease(
        attempt("Blobs.receive", () => BlobWriter.begin(incoming(root, tenantId), pieces)),
        (writer) =>
          Effect.gen(function* () {
            const write = (chunk: Uint8Array) =>
              writer.write(chunk).catch((cause: unknown) => {
                fault = new BlobError({ operation: "Blobs.receive", reason: new BlobStoreUnavailable({ cause }) })
                throw cause
              })
            const filled = yield* Effect.exit(fill(write))
            // A disk that is full is not the sender's fault.
            if (fault !== undefined) return yield* fault
            const value = yield* filled
            const hash = yield* attempt("Blobs.receive", () => writer.finish((name) => folder(tenantId, name)))
            return { sha256: hash, bytes: writer.bytes, value }
          }),
        (writer, exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.promise(() => writer.abandon()))
      )
    })
  return Blobs.of({
    has,
    touch,
    receive,
    stream,
    put: (tenantId, bytes) =>
      Effect.gen(function* () {
        const hash = sha256(bytes)
        if (yield* touch(tenantId, hash)) return hash
        const sealed = yield* vault.seal(tenantId, bytes)
        yield* attempt("Blobs.put", () => writeWhole(folder(tenantId, hash), hash, sealed))
        return hash
      }),
    get: (tenantId, hash) => Effect.map(Stream.runCollect(stream(tenantId, hash)), (parts) => Buffer.concat(parts)),
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

const incoming = (root: string, tenantId: string): string => {
  if (!tenantPattern.test(tenantId)) throw new Error("not a tenant id")
  return join(root, tenantId, "incoming")
}

const headOf = async (path: string): Promise<Buffer> => {
  const file = await open(path, "r")
  try {
    return (await file.read(Buffer.alloc(1), 0, 1, 0)).buffer
  } finally {
    await file.close()
  }
}

async function* verified(path: string, pieces: Pieces, hash: string): AsyncGenerator<Buffer> {
  const sum = createHash("sha256")
  for await (const piece of readPieces(path, pieces)) {
    sum.update(piece)
    yield piece
  }
  if (sum.digest("hex") !== hash) throw new BrokenBlob()
}
