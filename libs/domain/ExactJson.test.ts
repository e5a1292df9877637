import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseExact } from "./ExactJson.ts"

describe("parseExact", () => {
  it("keeps an id beyond 2^53 exact, as text", () =>
    expect(parseExact('{"id":9007199254740993,"n":[12345678901234567890]}')).toEqual({
      id: "9007199254740993",
      n: ["12345678901234567890"]
    }))

  it("leaves safe integers, floats and digits in strings alone", () =>
    expect(
      parseExact('{"id":9007199254740991,"f":0.1234567890123456,"big":1.5e300,"s":"12345678901234567890"}')
    ).toEqual({
      id: 9007199254740991,
      f: 0.1234567890123456,
      big: 1.5e300,
      s: "12345678901234567890"
    }))

  it("finds long integers wherever they stand", () =>
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 16n, max: 10n ** 30n }), fc.string(), (number, before) => {
        expect(parseExact(`{"t":${JSON.stringify(before)},"n":${number}}`)).toEqual({ t: before, n: String(number) })
      })
    ))
})
