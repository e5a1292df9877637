import { json, type Respond } from "@bridge/http/TestVendor"
import { describe, expect, it } from "vitest"
import { freshserviceWith, tickets } from "./TestAccount.ts"
import { discovered, readAll } from "./TestReading.ts"

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

describe("what workspaces have of their own", () => {
  const field = (id: number, name: string, choices: ReadonlyArray<string> = []) => ({
    id,
    name,
    label: name,
    field_type: "custom_dropdown",
    workspace_id: 2,
    choices: choices.map((value) => ({ value }))
  })
  const lists: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<object>>>>> = {
    ticket_form_fields: {
      all: [field(1, "site"), field(2, "kind", ["a"])],
      3: [field(1, "site"), field(3, "kind", ["a", "b"]), field(4, "case")],
      4: [field(1, "site")],
      5: [field(1, "site")]
    },
    groups: { all: [{ id: 1 }, { id: 2 }], 3: [{ id: 2 }, { id: 3 }], 4: [{ id: 1 }, { id: 2 }], 5: [{ id: 2 }] }
  }
  const workspaces = [{ id: 2, primary: true }, { id: 3 }, { id: 4 }, { id: 5 }]
  /** `refused`: the answer to a question for a workspace, where it is none. */
  const scoped =
    (refused?: number): Respond =>
    (call, response, n) => {
      const name = call.url.pathname.replace("/api/v2/", "")
      const workspace = call.url.searchParams.get("workspace_id")
      if (name === "workspaces") return json(response, 200, { workspaces })
      const list = lists[name]
      if (list === undefined) return normal()(call, response, n)
      if (workspace !== null && refused !== undefined) return json(response, refused, {})
      return json(response, 200, { [name]: list[workspace ?? "all"] })
    }
  const idsOf = (rows: ReadonlyArray<{ readonly sourceId: string }>) => rows.map(({ sourceId }) => sourceId)

  it.each([
    ["ticket_fields", [1, 2, 3, 4].map((id) => `ticket_fields/${id}`)],
    ["groups", ["1", "2", "3"]]
  ])("is read too, and what all have once: %s", async (name, ids) => {
    const { gaps, rows } = await readAll(scoped(), name, [name])
    expect([idsOf(rows(name)), gaps]).toEqual([ids, []])
  })

  it.each(["ticket_fields", "groups"])("is not there where the vendor does not take the question: %s", async (name) => {
    const { gaps, rows } = await readAll(scoped(400), name, [name])
    expect([rows(name).length, gaps]).toEqual([2, []])
  })

  it.each(["ticket_fields", "groups"])("is told to be missing where it may not be seen: %s", async (name) => {
    const { gaps, rows } = await readAll(scoped(403), name, [name])
    expect(rows(name)).toHaveLength(2)
    expect(gaps.map(({ message }) => message.replace(/:.*/u, ""))).toEqual(
      [3, 4, 5].map((id) => `${name} of workspace ${id}`)
    )
  })

  it("is found when a migration is made, one field for a key with the values of all; unless that is refused", async () => {
    const found = async (respond: Respond) => (await discovered(respond)).get("tickets")
    expect((await found(scoped()))?.map(({ key, options }) => [key, options?.map(({ value }) => value)])).toEqual([
      ["site", undefined],
      ["kind", ["a", "b"]],
      ["case", undefined]
    ])
    for (const status of [400, 403, 404]) expect(await found(scoped(status))).toHaveLength(2)
  })
})
