// Numbered pages read ahead: how many are in flight, and what becomes of rows while the list moves.
import { httpTo, json, type Respond, testVendor } from "@bridge/http/TestVendor"
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { decodeConfig } from "./Connectors.ts"
import { readStream } from "./Engine.ts"
import { freshservice } from "./freshservice/Freshservice.ts"
import { account } from "./freshservice/TestAccount.ts"

const perPage = 100
const config = await Effect.runPromise(decodeConfig(freshservice, account.config))

/** Reads all departments from a list that `change` may alter before each answer. */
const read = async (rows: Array<{ id: number }>, change: (page: number, call: number) => void = () => {}) => {
  let calling = 0
  let most = 0
  const respond: Respond = (call, response, number) => {
    most = Math.max(most, ++calling)
    setTimeout(() => {
      calling -= 1
      const page = Number(call.url.searchParams.get("page"))
      change(page, number)
      const more = rows.length > page * perPage
      const link = `<https://acme.freshservice.com/api/v2/departments?page=${page + 1}>; rel="next"`
      json(response, 200, { departments: rows.slice((page - 1) * perPage, page * perPage) }, more ? { link } : {})
    }, 20)
  }
  const body = Effect.gen(function* () {
    const { calls, port } = yield* testVendor(respond)
    const source = { connector: freshservice, config, tenantId: "t", connectionId: "c", share: 1 }
    const groups = yield* Stream.runCollect(
      readStream(source as never, "departments", {
        wanted: new Set(["departments"]),
        options: { now: "2026-06-01T00:00:00Z" }
      })
    ).pipe(Effect.provide(httpTo({ "*.freshservice.com": `http://127.0.0.1:${port}` })))
    const ids = groups.flatMap((group) => group.rows["departments"] ?? []).map(({ sourceId }) => Number(sourceId))
    return { calls: calls.length, ids, last: groups.at(-1) }
  })
  const result = await Effect.runPromise(Effect.scoped(body))
  return { ...result, most }
}

const list = (count: number) => Array.from({ length: count }, (_, i) => ({ id: i + 1 }))
const idsOf = (count: number) => list(count).map(({ id }) => id)
const inOrder = (ids: ReadonlyArray<number>) => ids.toSorted((a, b) => a - b)

describe("numbered pages", () => {
  it("are read eight at a time, in order, each once, without being told so", async () => {
    const { calls, ids, most } = await read(list(2_950))
    expect(most).toBe(8)
    expect(ids).toEqual(idsOf(2_950))
    expect(calls).toBeLessThan(30 + 8)
  })

  it("lose nothing and give nothing twice while rows are inserted at the front", async () => {
    const rows = list(2_950)
    const { ids } = await read(rows, (page) => {
      if (page % 3 === 0 && rows.length < 2_960) rows.unshift({ id: 10_000 + rows.length })
    })
    expect(inOrder(ids).slice(0, 2_950)).toEqual(idsOf(2_950))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each([
    ["the front", (rows: Array<{ id: number }>) => rows.unshift(...rows.splice(2_900, 1))],
    ["the end", (rows: Array<{ id: number }>) => rows.push(...rows.splice(10, 1))]
  ])("lose nothing when rows move to %s under the reading", async (_where, move) => {
    const rows = list(2_950)
    let moves = 0
    const { ids, last } = await read(rows, (page) => {
      if (page > 9 && page % 4 === 0 && moves++ < 3) move(rows)
    })
    expect(inOrder([...new Set(ids)])).toEqual(idsOf(2_950))
    expect(last?.next).toBeNull()
  })

  it("are not read for ever where the list never stands still", async () => {
    const rows = list(450)
    const { calls, last } = await read(rows, () => rows.push(...rows.splice(0, 1)))
    expect(calls).toBeLessThan(3 * 13 + 1)
    expect(last?.next).toBeNull()
  })
})
