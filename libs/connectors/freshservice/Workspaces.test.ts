import { json, type Respond } from "@bridge/http/TestVendor"
import { describe, expect, it } from "vitest"
import { freshserviceWith, tickets } from "./TestAccount.ts"
import { readAll } from "./TestReading.ts"

const normal = () => freshserviceWith(tickets())

describe("rows", () => {
  it.each([
    [404, "tickets"],
    [403, "tickets"],
    [404, "problems"],
    [403, "assets"]
  ])(
    "of workspaces that may not be listed are told to be missing, where rows name one: %i %s",
    async (status, name) => {
      const respond: Respond = (call, response, n) =>
        call.url.pathname.endsWith("/workspaces") ? json(response, status, {}) : normal()(call, response, n)
      expect((await readAll(respond, name, [name])).gaps).toEqual([
        { stream: name, message: expect.stringContaining(`${name} of other workspaces: `) }
      ])
    }
  )

  it("of the workspaces listed so far are read, where the list of them breaks off, and that is told", async () => {
    const respond: Respond = (call, response, n) => {
      if (!call.url.pathname.endsWith("/workspaces")) return normal()(call, response, n)
      if (call.url.searchParams.get("page") !== "1") return json(response, 403, { code: "access_denied" })
      const next = `<https://acme.freshservice.com/api/v2/workspaces?page=2>; rel="next"`
      return json(response, 200, { workspaces: [{ id: 2, primary: true }, { id: 3 }] }, { link: next })
    }
    const { gaps, rows } = await readAll(respond, "tickets", ["tickets"])
    expect(rows("tickets").map(({ sourceId }) => sourceId)).toContain("9")
    expect(gaps).toHaveLength(1)
  })

  it.each([[{ primary: true }], [{}]])(
    "of a workspace are read though a deleted one was named already, the primary one once: %j",
    async (primary) => {
      const all = tickets()
      const deleted = { id: 10, updated_at: "2024-01-01T00:09:00Z", deleted: true, spam: false, workspace_id: 3 }
      const respond: Respond = (call, response, n) => {
        const { pathname, searchParams } = call.url
        if (pathname.endsWith("/workspaces"))
          return json(response, 200, { workspaces: [{ id: 2, ...primary }, { id: 3 }] })
        if (
          pathname.endsWith("/tickets") &&
          searchParams.get("filter") === "deleted" &&
          !searchParams.has("workspace_id")
        )
          return json(response, 200, { tickets: [deleted] })
        return freshserviceWith(all)(call, response, n)
      }
      const { calls, rows } = await readAll(respond, "tickets", ["tickets"])
      expect(rows("tickets").map(({ sourceId }) => sourceId)).toContain("9")
      expect(calls.some((path) => path.includes("workspace_id=2"))).toBe(false)
    }
  )
})
