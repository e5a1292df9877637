import { json, type Respond } from "@bridge/http/TestVendor"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { JsonObject } from "../Connector.ts"
import { decodeConfig } from "../Connectors.ts"
import type { Keep } from "../Reading.ts"
import type { FileOutcome, Row } from "../Row.ts"
import { freshservice } from "./Freshservice.ts"
import { account, freshserviceWith, tickets } from "./TestAccount.ts"
import { readAll } from "./TestReading.ts"

const config = await Effect.runPromise(decodeConfig(freshservice, account.config))
const streamOf = (name: string) => {
  const found = freshservice.streams.find((one) => one.name === name)
  if (found === undefined) throw new Error(name)
  return found
}
const record = (name: string, row: JsonObject, parentId?: string) =>
  streamOf(name).normalise(config as never, row, parentId)[0]

const shown = (row: Row | undefined): JsonObject => JSON.parse(row?.json.toString("utf8") ?? "{}") as JsonObject

const normal = () => freshserviceWith(tickets())

describe("the times of a ticket", () => {
  it("come with the list, where they are cheap, and are in the row that the detail gives", async () => {
    const { calls, rows } = await readAll(normal(), "tickets", ["tickets"])
    expect(calls.filter((path) => path.startsWith("tickets?")).every((path) => path.includes("include=stats"))).toBe(
      true
    )
    expect(calls.filter((path) => /^tickets\/\d+\?/.test(path))).toEqual([])
    const row = shown(rows("tickets")[0])
    expect(row).toMatchObject({ urgency: 2, stats: { ticket_id: 1, resolved_at: "2024-01-01T01:31:00Z" } })
    expect(record("tickets", row)?.record).toMatchObject({ resolved_at: "2024-01-01T01:31:00Z", closed_at: null })
  })

  it("are left out where the vendor refuses them, and the list keeps its place and its order", async () => {
    const respond: Respond = (call, response, n) =>
      call.url.searchParams.has("include")
        ? json(response, 400, { description: "Validation failed" })
        : normal()(call, response, n)
    const { calls, rows } = await readAll(respond, "tickets", ["tickets"])
    expect(
      rows("tickets")
        .map(({ sourceId }) => sourceId)
        .toSorted()
    ).toEqual(account.ids.tickets)
    const lists = calls.filter((path) => path.startsWith("tickets?"))
    expect(lists.filter((path) => path.includes("include=stats"))).toHaveLength(1)
    expect(lists.every((path) => path.includes("order_by=updated_at"))).toBe(true)
  })

  it("are asked for again where it was the order that the vendor refused", async () => {
    const respond: Respond = (call, response, n) =>
      call.url.searchParams.has("order_by") ? json(response, 400, {}) : normal()(call, response, n)
    const { rows } = await readAll(respond, "tickets", ["tickets"])
    expect(
      rows("tickets")
        .map(({ sourceId }) => sourceId)
        .toSorted()
    ).toEqual(account.ids.tickets)
    expect(shown(rows("tickets")[0]).stats).toMatchObject({ ticket_id: 1 })
  })

  it("are not paid for where conversations alone are read", async () => {
    const { calls } = await readAll(normal(), "conversations", ["conversations"])
    expect(calls.some((path) => path.includes("include="))).toBe(false)
  })
})

describe("modules of Freshservice", () => {
  it.each(["locations", "asset_types", "assets", "relationships", "problems", "changes", "problem_fields"])(
    "that a plan or role lacks have no rows and are no failure: %s",
    async (name) => {
      for (const status of [403, 404]) {
        const respond: Respond = (call, response, n) =>
          call.url.pathname.startsWith("/api/v2/tickets")
            ? normal()(call, response, n)
            : json(response, status, { code: "require_feature", message: "not in your plan" })
        const { gaps, rows } = await readAll(respond, name, [name])
        expect(rows(name)).toEqual([])
        expect(gaps).toEqual([{ stream: name, message: expect.stringContaining(`${name}: `) }])
      }
    }
  )

  it.each(["departments", "groups"])("that a plan lacks are told, that a role may not see fails: %s", async (name) => {
    const saying =
      (code: string): Respond =>
      (_, response) =>
        json(response, 403, { code, message: "no" })
    const { gaps, rows } = await readAll(saying("require_feature"), name, [name])
    expect(rows(name)).toEqual([])
    expect(gaps).toEqual([{ stream: name, message: expect.stringContaining(`${name}: `) }])
    await expect(readAll(saying("access_denied"), name, [name])).rejects.toThrow("credentials refused (403)")
  })

  it.each(["departments", "locations", "department_fields"])(
    "that vanish after their first page fail: %s",
    async (name) => {
      const respond: Respond = (call, response) => {
        if (Number(call.url.searchParams.get("page") ?? 1) > 1) return json(response, 404, {})
        const next = `<https://acme.freshservice.com${call.url.pathname}?page=2>; rel="next"`
        return json(response, 200, { [name]: [{ id: 1, name: "One" }] }, { link: next })
      }
      await expect(readAll(respond, name, [name])).rejects.toThrow("not there (404)")
    }
  )

  it("whose notes may not be shown are read without, and that is told once", async () => {
    const respond: Respond = (call, response, n) =>
      call.url.pathname.endsWith("/notes")
        ? json(response, 403, { code: "access_denied" })
        : normal()(call, response, n)
    const { gaps, rows } = await readAll(respond, "problems", ["problems", "problem_notes"])
    expect(rows("problems")).toHaveLength(3)
    expect(new Set(gaps.map(({ stream }) => stream))).toEqual(new Set(["problem_notes"]))
  })

  it("whose lists are null have none: notes, fields under either name", async () => {
    const respond: Respond = (call, response, n) => {
      const { pathname } = call.url
      if (pathname.endsWith("/notes")) return json(response, 200, { notes: null })
      if (pathname.endsWith("_form_fields")) return json(response, 200, { [pathname.split("/").at(-1) ?? ""]: null })
      return normal()(call, response, n)
    }
    const { rows } = await readAll(respond, "problems", ["problems", "problem_notes"])
    expect([rows("problems").length, rows("problem_notes").length]).toEqual([3, 0])
    expect((await readAll(respond, "problem_fields", ["problem_fields"])).rows("problem_fields")).toEqual([])
  })

  it("that are all there leave no gap, on accounts without workspaces neither", async () => {
    const homeless: Respond = (call, response, n) => {
      const name = call.url.pathname.replace("/api/v2/", "")
      const row = { id: 1, display_id: 1, updated_at: "2024-01-01T00:00:00Z" }
      if (name === "workspaces") return json(response, 404, {})
      return /^(tickets|problems|assets)$/.test(name)
        ? json(response, 200, { [name]: [row] })
        : normal()(call, response, n)
    }
    for (const name of ["tickets", "problems", "assets", "locations"]) {
      expect((await readAll(normal(), name, [name])).gaps).toEqual([])
      expect((await readAll(homeless, name, [name])).gaps).toEqual([])
    }
  })

  it.each(["problems", "assets"])("that vanish in the middle of their list fail: %s", async (name) => {
    const respond: Respond = (call, response, n) =>
      call.url.pathname.endsWith(`/${name}`) && n > 1 ? json(response, 403, {}) : normal()(call, response, n)
    await expect(readAll(respond, name, [name])).rejects.toThrow("credentials refused (403)")
  })

  it("have assets in the trash as deleted ones, though neither list nor detail says so, unless all are shown again", async () => {
    const trash = { id: 9009, display_id: 9, name: "Old", workspace_id: 2 }
    const ops = async (trashed: (call: { readonly url: URL }) => ReadonlyArray<object> | undefined) => {
      const respond: Respond = (call, response, n) => {
        const rows = call.url.searchParams.has("trashed") ? trashed(call) : undefined
        if (rows !== undefined) return json(response, 200, { assets: rows })
        if (call.url.pathname.endsWith("/assets/9")) return json(response, 200, { asset: trash })
        return normal()(call, response, n)
      }
      const { rows } = await readAll(respond, "assets", ["assets", "asset_attachments"])
      return Object.fromEntries(rows("assets").map(({ op, sourceId }) => [sourceId, op]))
    }
    const living = { 1: "upsert", 2: "upsert", 3: "upsert" }
    expect(await ops(() => [trash])).toEqual({ ...living, 9: "delete" })
    const all = [1, 2, 3].map((n) => ({ id: 9000 + n, display_id: n, workspace_id: 2 }))
    expect(await ops(() => all)).toEqual(living)
  })

  it("are asked about with a ticket only where they are moved too, and left out where the plan lacks them", async () => {
    const plain = await readAll(normal(), "tickets", ["tickets"])
    expect(plain.calls.filter((call) => /^tickets\/.*include=/.test(call))).toEqual([])
    const refusing: Respond = (call, response, n) =>
      call.url.searchParams.has("include") ? json(response, 400, { description: "no" }) : normal()(call, response, n)
    const linked = await readAll(refusing, "tickets", ["tickets", "assets", "problems"])
    expect(linked.calls).toContain("tickets/1?include=assets%2Cproblem%2Crelated_tickets")
    expect(linked.rows("tickets").map((row) => shown(row).urgency)).toEqual(Array.from({ length: 9 }, () => 2))
  })

  it.each([
    { related_tickets: { parent_id: 4 } },
    { related_tickets: { parent: { id: 4, subject: "All of it" } } },
    { related_tickets: { parent_ticket: 4, child_ids: [] } },
    { parent_ticket_id: 4 }
  ])("tell the ticket that a ticket is part of: %j", (row) =>
    expect(record("tickets", { id: 1, ...row })?.record).toMatchObject({ parent_ref: "4" })
  )

  it("tell the plans of a change once, though the vendor tells each as HTML and as text", () => {
    const planning_fields = {
      rollout_plan: { description: "<p>One</p>", description_text: "One" },
      backout_plan: { description_text: "Back", attachments: [1] },
      change_impact: null,
      custom_fields: { risk: "none" }
    }
    expect(record("changes", { id: 1, planning_fields })?.record).toMatchObject({
      planning: {
        rollout_plan: "<p>One</p>",
        backout_plan: { attachments: [1], description: "Back" },
        change_impact: null,
        custom_fields: { risk: "none" }
      }
    })
  })

  it("have the items that a request asks for in its row, behind the vendor's own bytes", async () => {
    const respond: Respond = (call, response, n) => {
      const path = call.url.pathname.replace("/api/v2/", "")
      if (path === "tickets/1") return json(response, 200, { ticket: { id: 1, type: "Service Request" } })
      if (path === "tickets/1/requested_items")
        return json(response, 200, { requested_items: [{ id: 3, quantity: 2 }] })
      if (path !== "tickets" || call.url.searchParams.has("filter") || call.url.searchParams.has("workspace_id"))
        return normal()(call, response, n)
      return json(response, 200, { tickets: [{ id: 1, type: "Service Request", workspace_id: 2 }] })
    }
    const { rows } = await readAll(respond, "tickets", ["tickets"])
    const request = rows("tickets").find(({ sourceId }) => sourceId === "1")
    expect(request?.json.toString("utf8")).toBe(
      '{"id":1,"type":"Service Request","requested_items":[{"id":3,"quantity":2}]}'
    )
    expect(record("tickets", shown(request))?.record).toMatchObject({
      kind: "service_request",
      requested_items: [{ id: 3, quantity: 2 }]
    })
  })
})

describe("a list of requested items that never ends", () => {
  it("ends the read with a reason, in place of reading for ever", async () => {
    let pages = 0
    const respond: Respond = (call, response, n) => {
      const path = call.url.pathname.replace("/api/v2/", "")
      if (path === "tickets/1") return json(response, 200, { ticket: { id: 1, type: "Service Request" } })
      if (path === "tickets") return json(response, 200, { tickets: [{ id: 1, type: "Service Request" }] })
      if (!path.endsWith("/requested_items")) return normal()(call, response, n)
      pages += 1
      const next = `<https://acme.freshservice.com${call.url.pathname}?page=${pages + 1}>; rel="next"`
      return json(response, 200, { requested_items: [] }, pages < 200 ? { link: next } : {})
    }
    await expect(readAll(respond, "tickets", ["tickets"])).rejects.toThrow(/nothing new/)
    expect(pages).toBeLessThan(60)
  })
})

describe("files of Freshservice", () => {
  const kept =
    (seen: Array<string | null>, outcome: FileOutcome): Keep =>
    (file, again) =>
      Effect.tap(Effect.succeed(outcome), () =>
        Effect.ignore(Effect.tap(again, (url) => Effect.sync(() => seen.push(file.url, url))))
      )

  it("are rows beside their ticket once their bytes are put away, and are asked for anew where an address died", async () => {
    const seen: Array<string | null> = []
    const outcome = { state: "stored", sha256: "ab", size: 5 } as const
    const { rows } = await readAll(normal(), "tickets", ["tickets", "attachments"], { keep: kept(seen, outcome) })
    const files = rows("attachments")
    expect(files.map(({ parentId, sourceId }) => [sourceId, parentId])).toEqual([
      ["attachments/601", "1"],
      ["attachments/602", "2"]
    ])
    expect(seen).toContain("https://files.freshservice.com/tickets/1?sign=secret")
    expect(seen.every((url) => url?.includes("sign=secret"))).toBe(true)
    expect(record("attachments", shown(files[0]))).toMatchObject({
      parentId: "1",
      parentEntity: "ticket",
      record: {
        parent_entity: "ticket",
        parent: "1",
        name: "a.txt",
        size: 5,
        sha256: "ab",
        state: "stored",
        inline: false
      }
    })
  })

  it("of conversations name the comment they belong to, and go with the ticket", async () => {
    const respond: Respond = (call, response, n) =>
      call.url.pathname === "/api/v2/tickets/5/conversations"
        ? json(response, 200, {
            conversations: [
              {
                id: 51,
                ticket_id: 5,
                body: '<img src="https://acme.freshservice.com/inline/attachment?token=t">',
                attachments: [{ id: 9, name: "b" }]
              }
            ]
          })
        : normal()(call, response, n)
    const { rows } = await readAll(respond, "tickets", ["attachments"])
    const records = rows("attachments").map((row) => record("attachments", shown(row)))
    expect(rows("tickets")).toEqual([])
    expect(records.filter((one) => one?.parentId === "5").map((one) => one?.record)).toMatchObject([
      { parent_entity: "comment", parent: "51", inline: false, state: "unread" },
      { parent_entity: "comment", parent: "51", inline: true, name: "image" }
    ])
  })
})

describe("records of modules", () => {
  it("take type fields without the id of their type, and state and serial number out of them", () =>
    expect(
      record("assets", {
        id: 9,
        display_id: 3,
        impact: "high",
        type_fields: { asset_state_21: "In Use", serial_number_21: "S1", os_22: "Linux", os_23: "BSD", salvage: 1 }
      })
    ).toMatchObject({
      sourceId: "3",
      record: {
        native_id: "3",
        state: "in_use",
        state_raw: "In Use",
        serial_number: "S1",
        impact: "high",
        custom: { os: "Linux", os_23: "BSD", salvage: 1 }
      }
    }))

  it("keep notes of problems, changes and tickets apart, and say whose they are", () => {
    expect(record("problem_notes", { id: 7, body: "x" }, "4")).toMatchObject({
      sourceId: "problem_notes/7",
      parentId: "4",
      parentEntity: "problem",
      record: { native_id: "problem_notes/7", parent_entity: "problem", ticket: "4", visibility: "private" }
    })
    expect(record("change_notes", { id: 7 }, "4")).toMatchObject({ sourceId: "change_notes/7", parentEntity: "change" })
  })

  it("name their states in canonical words, and what they refer to by the ids that others use", () => {
    expect(
      record("problems", { id: 1, status: 2, agent_id: 5, assets: [{ display_id: 3 }], associated_change: { id: 8 } })
        ?.record
    ).toMatchObject({ status: "fix_in_progress", assignee: "5", assets: ["3"], change_ref: "8" })
    expect(record("changes", { id: 1, status: 4, change_type: 4, risk: 4 })?.record).toMatchObject({
      status: "scheduled",
      type: "emergency",
      risk: "very_high"
    })
    expect(
      record("relationships", {
        id: 1,
        primary_id: 3,
        primary_type: "asset",
        secondary_id: 5,
        secondary_type: "Requester"
      })?.record
    ).toMatchObject({ from_entity: "asset", from: "3", to_entity: "person", to: "5" })
    expect(record("tickets", { id: 1, problem: { id: 4 }, assets: [{ display_id: 3 }, 3] })?.record).toMatchObject({
      problem_ref: "4",
      assets: ["3"]
    })
  })

  it("define a field by its name, of an asset type without the id", () =>
    expect(
      record(
        "asset_type_fields",
        { id: 4, name: "os_22", label: "OS", choices: [{ id: 1, value: "Linux" }, "BSD"] },
        "22"
      )?.record
    ).toMatchObject({
      for_entity: "asset",
      asset_type: "22",
      name: "os",
      choices: [
        { value: "Linux", label: "Linux" },
        { value: "BSD", label: "BSD" }
      ]
    }))
})
