import { httpTo, json, type Respond, testVendor } from "@bridge/http/TestVendor"
import { Effect, Logger } from "effect"
import { describe, expect, it } from "vitest"
import { discoverFields } from "../Account.ts"
import { decodeConfig } from "../Connectors.ts"
import { freshservice } from "./Freshservice.ts"
import { account } from "./TestAccount.ts"

const config = await Effect.runPromise(decodeConfig(freshservice, account.config))

/** Names by number, of a field of a stream. */
const namesOf = (respond: Respond, stream: string, key: string) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { port } = yield* testVendor(respond)
        const source = { tenantId: "t", connectionId: "c", connector: freshservice as never, config, share: 1 }
        const found = yield* discoverFields(source).pipe(
          Effect.provide(httpTo({ "*.freshservice.com": `http://127.0.0.1:${port}` }))
        )
        return (found.get(stream) ?? [])
          .filter((field) => field.key === key)
          .flatMap(({ options = [] }) => options.map(({ label, value }) => `${value} ${label}`))
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )

const lists: Readonly<Record<string, ReadonlyArray<object>>> = {
  products: [
    { id: 21_000_056_898, name: "ThinkPad X1" },
    { id: 2, name: " " },
    { id: 3, name: "R740" }
  ],
  vendors: [{ id: 7, name: "Acme" }],
  relationship_types: [1, 2].map((id) => ({ id, downstream_relation: "Uses", upstream_relation: "Used by" }))
}

/** A row a page. */
const paged: Respond = ({ url }, response) => {
  const list = url.pathname.replace("/api/v2/", "")
  const page = Number(url.searchParams.get("page") ?? 1)
  const link = `<https://acme.freshservice.com${url.pathname}?page=${page + 1}&per_page=100>; rel="next"`
  const rows = lists[list]
  if (rows === undefined) return json(response, 200, { [list.replace("ticket_form", "ticket")]: [] })
  return json(response, 200, { [list]: rows.slice(page - 1, page) }, page < rows.length ? { link } : {})
}

describe("what numbers of Freshservice stand for", () => {
  it.each([
    ["assets", "model", ["21000056898 ThinkPad X1", "3 R740"]],
    ["assets", "vendor", ["7 Acme"]],
    ["relationships", "type", ["1 Uses / Used by", "2 Uses / Used by"]]
  ])("is read from all pages of its list: %s, %s", async (stream, key, names) =>
    expect(await namesOf(paged, stream, key)).toEqual(names)
  )

  it("is not known where the list may not be read, and that is no failure", async () => {
    const refused: Respond = (call, response, n) =>
      call.url.pathname.endsWith("/products")
        ? json(response, 403, { code: "access_denied" })
        : paged(call, response, n)
    expect(await namesOf(refused, "assets", "model")).toEqual([])
    expect(await namesOf(refused, "assets", "vendor")).toEqual(["7 Acme"])
  })
})
