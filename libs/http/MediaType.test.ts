import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { mediaType } from "./MediaType.ts"

describe("what a file is said to be", () => {
  it.each([
    ["image/png", "image/png"],
    [" Text/Plain ; charset=utf-8", "text/plain"],
    ['application/pdf; name="счёт.pdf"', "application/pdf"],
    ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", undefined],
    ["image/svg+xml", "image/svg+xml"],
    ["image/png\r\nx-evil: 1", "application/octet-stream"],
    ["image/\u0000png", "application/octet-stream"],
    ["картинка/png", "application/octet-stream"],
    ["image", "application/octet-stream"],
    ["image/png, image/gif", "application/octet-stream"],
    ["", "application/octet-stream"],
    [undefined, "application/octet-stream"]
  ])("goes into a header as type and subtype, or not at all: %j", (given, expected) =>
    expect(mediaType(given)).toBe(expected ?? given)
  )

  it("fits into a header whatever it is", () =>
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => /^[\x21-\x7e]+\/[\x21-\x7e]+$/u.test(mediaType(text)))
    ))
})
