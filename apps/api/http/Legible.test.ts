import { assert, describe, it } from "vitest"
import { illegible } from "./Legible.ts"

describe("the text of a request", () => {
  it("is any that can be stored, emoji and right-to-left text among it", () =>
    assert.isUndefined(illegible({ a: ["😀", "مرحبا", "\u{1f468}\u200d\u{1f469}", 1, null, true], "": {} })))

  it("holds no NUL, in no value and no key, and the place is told", () => {
    assert.deepInclude(illegible({ a: { b: ["x", "y\0"] } }), { path: ["payload", "a", "b", 1] })
    assert.deepInclude(illegible({ a: { "k\0": 1 } }), { path: ["payload", "a"] })
    assert.deepInclude(illegible("\0"), { path: ["payload"] })
  })

  it("holds no half of a surrogate pair", () => {
    assert.match(illegible(["\ud83d"])?.message ?? "", /surrogate/)
    assert.match(illegible({ "\udc00": 1 })?.message ?? "", /surrogate/)
  })

  it("is nested a hundred deep at most, however long the body is", () => {
    const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`)
    assert.isUndefined(illegible(nested(100)))
    assert.match(illegible(nested(101))?.message ?? "", /deeper than 100/)
    assert.match(illegible(nested(100_000))?.message ?? "", /deeper than 100/)
  })
})
