// A row with a part that the vendor never gives whole: read without it, unless the vendor gives no other row's either.
import { json, type Respond } from "@bridge/http/TestVendor"
import { describe, expect, it } from "vitest"
import { freshserviceWith, tickets } from "./TestAccount.ts"
import { readAll } from "./TestReading.ts"

const normal = freshserviceWith(tickets())
const spoilt =
  (path: RegExp): Respond =>
  (call, response, n) =>
    path.test(call.url.pathname) ? json(response, 200, {}) : normal(call, response, n)
const doubt = { rounds: 2, pauseMillis: 1 }
const wanted = ["tickets", "conversations"]

describe("a part that stays malformed", () => {
  it("of one row leaves that part out, says so with the row's id, and the stream ends", async () => {
    const { gaps, rows } = await readAll(spoilt(/tickets\/3\/conversations$/), "tickets", wanted, { doubt })
    expect(rows("tickets")).toHaveLength(9)
    expect(new Set(rows("conversations").map(({ sourceId }) => sourceId)).size).toBe(21)
    expect(gaps).toEqual([
      { stream: "conversations", message: expect.stringMatching(/^tickets 3: .*listConversations: no array/) }
    ])
  })

  it("of a row that is its detail leaves the listed row", async () => {
    const { gaps, rows } = await readAll(spoilt(/tickets\/3$/), "tickets", wanted, { doubt })
    const three = rows("tickets").find(({ sourceId }) => sourceId === "3")
    expect(JSON.parse(String(three?.json))).not.toHaveProperty("urgency")
    expect(gaps.map(({ stream }) => stream)).toEqual(["tickets"])
  })

  it("of all rows is the vendor's fault, and leaves none out", () =>
    expect(readAll(spoilt(/conversations$/), "tickets", wanted, { doubt })).rejects.toThrow("no array"))

  it("fails the reading of who has no doubt", () =>
    expect(readAll(spoilt(/tickets\/3\/conversations$/), "tickets", wanted)).rejects.toThrow("no array"))
})
