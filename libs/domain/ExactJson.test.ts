import { describe, expect, it } from "vitest"
import { parseExact } from "./ExactJson.ts"

describe("parseExact", () => {
  it("keeps an id beyond 2^53 exact, as text", () =>
    expect(parseExact('{"id":9007199254740993,"n":[12345678901234567890]}')).toEqual({
      id: "9007199254740993",
      n: ["12345678901234567890"]
    }))

  it("leaves safe integers, floats and digits in strings alone", () =>
    expect(parseExact('{"id":9007199254740991,"f":0.12345678901234567,"s":"12345678901234567890"}')).toEqual({
      id: 9007199254740991,
      f: 0.12345678901234568,
      s: "12345678901234567890"
    }))
})
