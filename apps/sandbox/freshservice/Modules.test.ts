import { describe, expect, it } from "vitest"
import { allPages, withSandbox } from "../TestClient.ts"

const since = "updated_since=2000-01-01T00:00:00Z"

describe("problems and changes", () => {
  it("are listed without what only a detail has, and hold what the truth says", () =>
    withSandbox({ tickets: 2000, attachments: 0 }, async (test) => {
      for (const [list, entity, only] of [
        ["problems", "problem", ["custom_fields", "analysis_fields", "associated_change"]],
        ["changes", "change", ["custom_fields", "planning_fields"]]
      ] as const) {
        const rows = await allPages(test, `/api/v2/${list}?per_page=20&${since}`, list)
        const truth = await test.lines(`corpus?entity=${entity}`)
        expect(new Set(rows.map((row) => row.id))).toEqual(new Set(truth.map((line) => line.id)))
        for (const key of only) expect(rows[0]).not.toHaveProperty(key)
        for (const { id, row, notes } of truth.slice(0, 10)) {
          expect((await test.fresh(`/api/v2/${list}/${id}`)).body[entity]).toEqual(row)
          expect((await test.fresh(`/api/v2/${list}/${id}/notes`)).body.notes).toEqual(notes)
        }
        expect(truth.some((line) => line.notes.length > 0)).toBe(true)
        expect((await test.fresh(`/api/v2/${list}/999`)).status).toBe(404)
        expect((await test.fresh(`/api/v2/${list}?updated_since=soon`)).status).toBe(400)
      }
    }))

  it("hide changes older than 30 days unless they are asked for by date, and no problem", () =>
    withSandbox({ tickets: 2000, attachments: 0 }, async (test) => {
      const all = await allPages(test, `/api/v2/changes?per_page=100&${since}`, "changes")
      const few = await allPages(test, "/api/v2/changes?per_page=100", "changes")
      expect(all).toHaveLength(50)
      expect(few.length).toBeGreaterThan(0)
      expect(few.length).toBeLessThan(20)
      expect(await allPages(test, "/api/v2/problems?per_page=100", "problems")).toHaveLength(50)
      expect((await test.fresh("/api/v2/problems?workspace_id=9")).status).toBe(400)
    }))

  it("have fields of their own, and are not in the two lower plans", () =>
    withSandbox({ tickets: 40 }, async ({ fresh, admin }) => {
      expect((await fresh("/api/v2/problem_form_fields")).body.problem_fields.length).toBeGreaterThan(3)
      expect((await fresh("/api/v2/change_form_fields")).body.change_fields.length).toBeGreaterThan(3)
      await admin("accounts", { body: { vendor: "freshservice", domain: "small", plan: "growth" } })
      for (const path of ["problems/1", "changes", "assets", "asset_types", "relationships"])
        expect(await fresh(`/api/v2/${path}`, { host: "small.freshservice.com" })).toMatchObject({
          status: 403,
          body: { code: "require_feature" }
        })
    }))
})

describe("assets", () => {
  it("are known by their display id, with type fields when asked for, with files in the detail", () =>
    withSandbox({ tickets: 400 }, async (test) => {
      const truth = await test.lines("corpus?entity=asset")
      expect(truth).toHaveLength(40)
      const rows = await allPages(test, "/api/v2/assets?per_page=15&include=type_fields", "assets")
      expect(rows.map((row) => row.display_id).sort()).toEqual(
        truth
          .filter((line) => !line.trashed)
          .map((line) => line.display_id)
          .sort()
      )
      expect(rows[0]).not.toHaveProperty("attachments")
      expect((await test.fresh("/api/v2/assets")).body.assets[0]).not.toHaveProperty("type_fields")
      for (const { display_id, row } of truth.slice(0, 10))
        expect((await test.fresh(`/api/v2/assets/${display_id}?include=type_fields`)).body.asset).toEqual(row)
      expect((await test.fresh(`/api/v2/assets/${truth[0].id}`)).status).toBe(404)
      expect((await test.fresh("/api/v2/assets?include=odd")).status).toBe(400)
      const trashed = (await test.fresh("/api/v2/assets?trashed=true")).body.assets
      expect(trashed.map((row: { display_id: number }) => row.display_id)).toEqual(
        truth.filter((line) => line.trashed).map((line) => line.display_id)
      )
    }))

  it("cost three credits with type fields, out of a bucket of their own", () =>
    withSandbox({ tickets: 40, limits: true, timeFactor: 1 }, async ({ fresh }) => {
      expect((await fresh("/api/v2/assets?include=type_fields")).headers).toMatchObject({
        "x-ratelimit-total": "140",
        "x-ratelimit-used-currentrequest": "3",
        "x-ratelimit-remaining": "137"
      })
    }))

  it("are found by search and filter, thirty a page", () =>
    withSandbox({ tickets: 2000, attachments: 0 }, async ({ fresh, lines }) => {
      const [{ row }] = await lines("corpus?entity=asset")
      const query = (text: string): string => encodeURIComponent(`"${text}"`)
      const found = (await fresh(`/api/v2/assets?search=${query(`name:'${row.name}'`)}`)).body.assets
      expect(found.map((asset: { id: number }) => asset.id)).toEqual([row.id])
      const many = await fresh(`/api/v2/assets?per_page=100&filter=${query(`asset_type_id:${row.asset_type_id}`)}`)
      expect(many.body.assets.length).toBeLessThanOrEqual(30)
      expect((await fresh("/api/v2/assets?filter=odd")).status).toBe(400)
    }))

  it("have types, relationships and what they relate by", () =>
    withSandbox({ tickets: 400 }, async (test) => {
      const types = await allPages(test, "/api/v2/asset_types", "asset_types")
      expect(types).toEqual((await test.lines("corpus?entity=asset-type")).map((line) => line.row))
      expect((await test.fresh(`/api/v2/asset_types/${types[1]?.id}`)).body.asset_type).toEqual(types[1])
      expect((await test.fresh(`/api/v2/asset_types/${types[1]?.id}/fields`)).body.asset_type_fields).toHaveLength(3)
      const relations = await allPages(test, "/api/v2/relationships?per_page=10", "relationships")
      expect(relations).toEqual((await test.lines("corpus?entity=relation")).map((line) => line.row))
      const kinds = (await test.fresh("/api/v2/relationship_types")).body.relationship_types
      expect(kinds.map((row: { id: number }) => row.id)).toContain(relations[0]?.relationship_type_id)
      const of = (await test.fresh(`/api/v2/assets/${relations[0]?.primary_id}/relationships`)).body.relationships
      expect(of.map((row: { id: number }) => row.id)).toContain(relations[0]?.id)
      for (const key of ["products", "vendors"])
        expect((await test.fresh(`/api/v2/${key}`)).body[key].length).toBeGreaterThan(2)
    }))
})

describe("tickets", () => {
  it("tell their problem, change, assets and kin when asked to", () =>
    withSandbox({ tickets: 400 }, async ({ fresh, lines }) => {
      const truth = await lines("corpus?entity=ticket")
      const view = async (id: number, include: string) =>
        (await fresh(`/api/v2/tickets/${id}?include=${include}`)).body.ticket
      const having = (test: (line: (typeof truth)[number]) => boolean) => truth.find(test)
      const incident = having((line) => line.problem_id !== null)
      expect((await view(incident.id, "problem")).problem.id).toBe(incident.problem_id)
      const changed = having((line) => line.change_id !== null)
      expect((await view(changed.id, "change")).change.id).toBe(changed.change_id)
      const user = having((line) => line.asset_display_ids.length > 1)
      expect((await view(user.id, "assets")).assets.map((row: { display_id: number }) => row.display_id)).toEqual(
        user.asset_display_ids
      )
      const child = having((line) => line.parent_id !== null)
      expect((await view(child.id, "related_tickets")).related_tickets).toEqual({ parent_id: child.parent_id })
      expect((await view(child.parent_id, "related_tickets")).related_tickets.child_ids).toContain(child.id)
      const plain = having((line) => line.problem_id === null && line.asset_display_ids.length === 0)
      expect(await view(plain.id, "problem,assets")).toMatchObject({ problem: null, assets: [] })
    }))

  it("tell what a service request asks for", () =>
    withSandbox({ tickets: 400 }, async ({ fresh, lines }) => {
      const truth = await lines("corpus?entity=ticket")
      const asked = truth.find((line) => line.requested_items.length > 1)
      expect(asked.row.type).toBe("Service Request")
      expect((await fresh(`/api/v2/tickets/${asked.id}/requested_items`)).body.requested_items).toEqual(
        asked.requested_items
      )
      expect((await fresh("/api/v2/tickets/99999/requested_items")).status).toBe(404)
    }))
})

it("has locations in a tree, some before what they are part of", () =>
  withSandbox({ tickets: 2000, attachments: 0 }, async (test) => {
    const rows = await allPages(test, "/api/v2/locations", "locations")
    expect(rows).toHaveLength(24)
    const order = rows.map((row) => row.id)
    expect(rows.some((row) => order.indexOf(row.parent_location_id) > order.indexOf(row.id))).toBe(true)
  }))
