import { describe, expect, it } from "vitest"
import { retryAfterMillis } from "./RetryAfter.ts"

const now = Date.parse("2026-01-01T00:00:00Z")

describe("retryAfterMillis", () => {
  it.each([
    ["30", 30_000],
    [" 30 ", 30_000],
    ["1.5", 1_500],
    ["1,5", 1_500],
    ["30.0", 30_000],
    ['"30"', 30_000],
    ["30s", 30_000],
    ["30 seconds", 30_000],
    ["500ms", 500],
    ["2 min", 120_000],
    ["00:01:30", 90_000],
    ["Thu, 01 Jan 2026 00:00:20 GMT", 20_000],
    ["2026-01-01T00:00:20Z", 20_000],
    [String(now + 7_000), 7_000],
    [String(now / 1000 + 7), 7_000],
    ["0", 0],
    ["-5", 0],
    ["Thu, 01 Jan 2015 00:00:20 GMT", 0],
    ["999999999", 7_200_000]
  ])("reads %s", (text, millis) => expect(retryAfterMillis(text, now)).toBe(millis))

  it.each([undefined, "", "soon", "later, please"])("says nothing for %s", (text) =>
    expect(retryAfterMillis(text, now)).toBeUndefined()
  )
})
