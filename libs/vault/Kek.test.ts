import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { Kek } from "./Kek.ts"
import { openWith, sealWith } from "./Sealed.ts"
import { VaultError } from "./VaultError.ts"

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bridge-kek-"))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const under = (env: Record<string, string>) =>
  Kek.use(Effect.succeed).pipe(
    Effect.provide(Kek.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))))
  )
const reasonOf = (env: Record<string, string>) =>
  Effect.map(Effect.flip(under(env)), (error) => (error instanceof VaultError ? error.reason._tag : error._tag))

describe("the key-encryption key", () => {
  it.effect("is made once, in a file that only its owner can read", () =>
    Effect.gen(function* () {
      const file = join(dir, "deep/kek")
      const first = yield* under({ BRIDGE_KEK_FILE: file })
      const second = yield* under({ BRIDGE_KEK_FILE: file })
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.deepStrictEqual(second.unwrap("t", first.wrap("t", Buffer.from("key"))), Buffer.from("key"))
      assert.deepStrictEqual(readdirSync(join(dir, "deep")), ["kek"])
    })
  )

  it.effect("is the same for services that start at the same moment", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.all(
        Array.from({ length: 8 }, () => under({ BRIDGE_KEK_FILE: join(dir, "kek") })),
        { concurrency: "unbounded" }
      )
      const secrets = new Set(keys.map((k) => Redacted.value(k.derive("x")).toString("hex")))
      assert.strictEqual(secrets.size, 1)
    })
  )

  for (const mode of [0o640, 0o604, 0o620])
    it.effect(`is refused when its file has mode ${mode.toString(8)}`, () =>
      Effect.gen(function* () {
        const file = join(dir, "kek")
        yield* under({ BRIDGE_KEK_FILE: file })
        chmodSync(file, mode)
        assert.strictEqual(yield* reasonOf({ BRIDGE_KEK_FILE: file }), "KekExposed")
      })
    )

  it.effect("is refused when it is not 32 bytes in base64, and the refusal does not show it", () =>
    Effect.gen(function* () {
      for (const bad of ["c2hvcnQ=", "not base64 at all!", "x".repeat(43)]) {
        const error = yield* Effect.flip(under({ BRIDGE_KEK: bad }))
        assert.instanceOf(error, VaultError)
        assert.include(String(error), "32 random bytes")
        assert.notInclude(JSON.stringify(error) + String(error), bad)
      }
      writeFileSync(join(dir, "kek"), "half", { mode: 0o600 })
      assert.strictEqual(yield* reasonOf({ BRIDGE_KEK_FILE: join(dir, "kek") }), "KekInvalid")
      assert.strictEqual(readFileSync(join(dir, "kek"), "utf8"), "half")
    })
  )

  it.effect("says so when its file cannot be made", () =>
    Effect.gen(function* () {
      writeFileSync(join(dir, "file"), "")
      assert.strictEqual(yield* reasonOf({ BRIDGE_KEK_FILE: join(dir, "file/kek") }), "KekUnreadable")
    })
  )

  it.effect("opens a data key for its own tenant only, and only under itself", () =>
    Effect.gen(function* () {
      const kek = yield* under({ BRIDGE_KEK: Buffer.alloc(32, 1).toString("base64") })
      const other = yield* under({ BRIDGE_KEK: Buffer.alloc(32, 2).toString("base64") })
      const wrapped = kek.wrap("a", Buffer.from("key"))
      assert.isNull(kek.unwrap("b", wrapped))
      assert.isNull(other.unwrap("a", wrapped))
      assert.notDeepEqual(Redacted.value(kek.derive("one")), Redacted.value(kek.derive("two")))
    })
  )
})

describe("sealed bytes", () => {
  const key = Buffer.alloc(32, 7)
  it("do not open when any one of their bits was changed or they were cut", () => {
    const sealed = sealWith(key, "here", Buffer.from("secret"))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      assert.isNull(openWith(key, "here", changed))
    }
    for (let length = 0; length < sealed.length; length++)
      assert.isNull(openWith(key, "here", sealed.subarray(0, length)))
    assert.isNull(openWith(key, "there", sealed))
    assert.strictEqual(openWith(key, "here", sealed)?.toString(), "secret")
  })
  it("are different every time", () =>
    assert.notDeepEqual(sealWith(key, "here", Buffer.from("x")), sealWith(key, "here", Buffer.from("x"))))
})
