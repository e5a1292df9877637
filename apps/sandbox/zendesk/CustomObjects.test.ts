import { describe, expect, it } from "vitest"
import { jobDone, type TestSandbox, withSandbox } from "../TestClient.ts"

const base = "/api/v2/custom_objects"
const define = async ({ zen }: TestSandbox, key = "asset"): Promise<void> => {
  await zen(base, { body: { custom_object: { key, title: "Asset", title_pluralized: "Assets" } } })
}
const field = ({ zen }: TestSandbox, input: object) =>
  zen(`${base}/asset/fields`, { body: { custom_object_field: input } })
const keep = ({ zen }: TestSandbox, input: object) =>
  zen(`${base}/asset/records`, { body: { custom_object_record: input } })

describe("custom objects", () => {
  it("are defined once, by admins, as many as the plan allows", () =>
    withSandbox({ tickets: 4, zendesk: { plan: "team" } }, async (test) => {
      const { zen } = test
      await define(test)
      expect((await zen(`${base}/asset`)).body.custom_object).toMatchObject({
        key: "asset",
        title_pluralized: "Assets"
      })
      const refused = async (custom_object: object) => (await zen(base, { body: { custom_object } })).body.details
      expect(await refused({ key: "asset", title: "A", title_pluralized: "A" })).toMatchObject({
        key: [{ error: "DuplicateValue" }]
      })
      expect(await refused({ key: "Ä" })).toMatchObject({ key: [{}], title: [{}], title_pluralized: [{}] })
      const agent = `Basic ${Buffer.from("agent@acme.example/token:zd-sandbox-agent").toString("base64")}`
      expect((await zen(base, { body: { custom_object: {} }, headers: { authorization: agent } })).status).toBe(403)
      for (const key of ["b", "c"]) await define(test, key)
      expect((await zen(`${base}/limits/object_limit`)).body).toEqual({ count: 3, limit: 3 })
      expect(await refused({ key: "d", title: "D", title_pluralized: "D" })).toHaveProperty("base")
      expect((await zen(`${base}/none/records`)).status).toBe(404)
    }))

  it("have fields of ten types, found by key or number, a hundred at most", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await define(test)
      const types = "text textarea checkbox date integer decimal".split(" ")
      for (const type of types) expect((await field(test, { key: type, type, title: type })).status).toBe(201)
      expect((await field(test, { key: "r", type: "regexp", title: "r" })).status).toBe(422)
      expect((await field(test, { key: "d", type: "dropdown", title: "d" })).body.details).toHaveProperty(
        "custom_field_options"
      )
      expect(
        (
          await field(test, {
            key: "l",
            type: "lookup",
            title: "l",
            relationship_target_type: "zen:custom_object:none"
          })
        ).status
      ).toBe(422)
      expect((await field(test, { key: "text", type: "text", title: "again" })).body.details.key[0].error).toBe(
        "DuplicateValue"
      )
      const { custom_object_fields: rows } = (await test.zen(`${base}/asset/fields`)).body
      expect(rows.map((row: { type: string }) => row.type)).toEqual(types)
      expect((await test.zen(`${base}/asset/fields/${rows[0].id}`)).body.custom_object_field.key).toBe("text")
      expect(
        (await test.zen(`${base}/asset/fields?include_standard_fields=true`)).body.custom_object_fields
      ).toHaveLength(8)
      for (let k = rows.length; k < 100; k++) await field(test, { key: `k${k}`, type: "text", title: "k" })
      expect((await field(test, { key: "more", type: "text", title: "k" })).body.details).toHaveProperty("base")
    }))
})

describe("records of custom objects", () => {
  const fields = async (test: TestSandbox): Promise<void> => {
    await define(test)
    await field(test, { key: "tag", type: "text", title: "Tag" })
    await field(test, { key: "count", type: "integer", title: "Count" })
    await field(test, {
      key: "state",
      type: "dropdown",
      title: "State",
      custom_field_options: [{ name: "In Use", value: "in_use" }]
    })
    await field(test, { key: "user", type: "lookup", title: "User", relationship_target_type: "zen:user" })
    await field(test, {
      key: "parent",
      type: "lookup",
      title: "Parent",
      relationship_target_type: "zen:custom_object:asset"
    })
  }

  it("keep valid values and say everything that is wrong with others", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await fields(test)
      const owner = (await test.zen("/api/v2/users/me")).body.user.id
      const first = await keep(test, {
        name: "Laptop",
        external_id: "a1",
        custom_object_fields: { tag: "T", state: "in_use", user: String(owner) }
      })
      expect(first.status).toBe(201)
      const made = first.body.custom_object_record
      expect(made.custom_object_fields).toEqual({
        tag: "T",
        count: null,
        state: "in_use",
        user: String(owner),
        parent: null
      })
      expect(made.id).toMatch(/^[0-9A-Z]{26}$/)
      const child = await keep(test, { name: "Dock", external_id: "a2", custom_object_fields: { parent: made.id } })
      expect(child.status).toBe(201)
      const wrong = await keep(test, {
        external_id: "a1",
        custom_object_fields: { count: "x", state: "gone", user: "7", parent: "7", odd: 1 }
      })
      expect(wrong.status).toBe(422)
      expect(Object.keys(wrong.body.details).sort()).toEqual([
        "count",
        "external_id",
        "name",
        "odd",
        "parent",
        "state",
        "user"
      ])
    }))

  it("are found and written again by external id, read by cursor only", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await fields(test)
      for (let k = 0; k < 5; k++) await keep(test, { name: `n${k}`, external_id: `e${k}` })
      const path = `${base}/asset/records`
      const changed = await test.zen(`${path}?external_id=e3`, {
        method: "PATCH",
        body: { custom_object_record: { name: "new", custom_object_fields: { tag: "T" } } }
      })
      expect(changed).toMatchObject({ status: 200, body: { custom_object_record: { name: "new", external_id: "e3" } } })
      const made = await test.zen(`${path}?external_id=e9`, {
        method: "PATCH",
        body: { custom_object_record: { name: "nine" } }
      })
      expect(made.body.custom_object_record.external_id).toBe("e9")
      expect((await test.zen(`${path}/count`)).body.count.value).toBe(6)
      const page = (await test.zen(`${path}?page[size]=4`)).body
      expect([page.custom_object_records.length, page.meta.has_more]).toEqual([4, true])
      const rest = (await test.zen(`${path}?page[size]=4&page[after]=${page.meta.after_cursor}`)).body
      expect([rest.custom_object_records.length, rest.meta.has_more]).toEqual([2, false])
      expect((await test.zen(`${path}?filter[external_ids]=e1,e9`)).body.custom_object_records).toHaveLength(2)
      const { id } = changed.body.custom_object_record
      expect((await test.zen(`${path}/${id}`)).body.custom_object_record.name).toBe("new")
      expect((await test.zen(`${path}/${id}`, { method: "DELETE" })).status).toBe(204)
      expect((await test.zen(`${path}/${id}`)).status).toBe(404)
      expect((await test.zen(`${path}?external_id=e9`, { method: "DELETE" })).status).toBe(204)
    }))

  it("are written a hundred at a time by a job, each row with a result of its own", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await fields(test)
      const run = async (action: string, items: ReadonlyArray<unknown>) => {
        const started = await test.zen(`${base}/asset/jobs`, { body: { job: { action, items } } })
        expect(started.status).toBe(201)
        return jobDone(test, started.body.job_status.id)
      }
      const rows = [{ name: "a", external_id: "1" }, { external_id: "2" }, { name: "c", external_id: "1" }]
      const results = await run("create_or_update_by_external_id", rows)
      expect(results).toMatchObject([
        { index: 0, success: true },
        { index: 1, success: false, error: "RecordInvalid" },
        { index: 2 }
      ])
      expect(results[2]?.id).toBe(results[0]?.id)
      expect((await run("create", [{ name: "d", external_id: "1" }]))[0]).toMatchObject({ success: false })
      expect((await run("update", [{ id: results[0]?.id, name: "e" }]))[0]).toMatchObject({ success: true })
      expect((await run("delete_by_external_id", ["1"]))[0]).toMatchObject({ success: true })
      expect((await test.zen(`${base}/asset/jobs`, { body: { job: { action: "odd", items: [{}] } } })).status).toBe(400)
      const many = Array.from({ length: 101 }, () => ({ name: "x" }))
      expect((await test.zen(`${base}/asset/jobs`, { body: { job: { action: "create", items: many } } })).status).toBe(
        400
      )
    }))

  it("are told by the ledger and the truth", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await fields(test)
      await keep(test, { name: "Laptop", external_id: "a1", custom_object_fields: { tag: "T" } })
      const kinds = (await test.lines("ledger")).map((line) => line.kind)
      expect(kinds).toEqual([
        "custom_object.create",
        ...Array.from({ length: 5 }, () => "custom_object_field.create"),
        "custom_object_record.create"
      ])
      expect(await test.lines("destination?entity=custom_object_record")).toMatchObject([
        { object: "asset", row: { external_id: "a1", custom_object_fields: { tag: "T" } } }
      ])
      expect(await test.lines("destination?entity=custom_object")).toMatchObject([
        { id: "asset", fields: [{}, {}, {}, {}, {}] }
      ])
    }))
})

describe("ticket fields", () => {
  it("are made by admins, take values at once, and point at records", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await define(test)
      const record = (await keep(test, { name: "Laptop" })).body.custom_object_record.id
      const make = (ticket_field: object) => test.zen("/api/v2/ticket_fields", { body: { ticket_field } })
      const lookup = (
        await make({ type: "lookup", title: "Asset", relationship_target_type: "zen:custom_object:asset" })
      ).body.ticket_field
      const choice = await make({
        type: "tagger",
        title: "Size",
        custom_field_options: [{ name: "Größe XL", value: "size_xl" }]
      })
      expect(choice.status).toBe(201)
      const size = choice.body.ticket_field
      await test.zen(`/api/v2/ticket_fields/${size.id}/options`, {
        body: { custom_field_option: { name: "S", value: "size_s" } }
      })
      const write = (value: string) =>
        test.zen("/api/v2/imports/tickets", {
          body: {
            ticket: {
              subject: "s",
              description: "d",
              custom_fields: [
                { id: lookup.id, value },
                { id: size.id, value: "size_s" }
              ]
            }
          }
        })
      const { ticket } = (await write(record)).body
      expect(ticket.custom_fields).toContainEqual({ id: lookup.id, value: record })
      expect(ticket.tags).toContain("size_s")
      expect((await write("nothing")).body.details[lookup.id][0].error).toBe("InvalidValue")
      expect((await make({ type: "tagger", title: "T" })).status).toBe(422)
      expect((await make({ type: "odd", title: "" })).body.details).toMatchObject({ type: [{}], title: [{}] })
      expect((await test.zen(`/api/v2/ticket_fields/${size.id}`, { method: "DELETE" })).status).toBe(204)
      expect((await test.lines("ledger")).filter((line) => line.kind === "ticket_field.create")).toHaveLength(2)
    }))
})

describe("problems and incidents", () => {
  it("are tickets that name each other, whatever their state", () =>
    withSandbox({ tickets: 4 }, async ({ zen }) => {
      const write = async (ticket: object) =>
        zen("/api/v2/imports/tickets?archive_immediately=true", {
          body: { ticket: { subject: "s", description: "d", ...ticket } }
        })
      const problem = (await write({ type: "problem", status: "closed" })).body.ticket
      const incident = (await write({ type: "incident", problem_id: problem.id, status: "closed" })).body.ticket
      expect(incident.problem_id).toBe(problem.id)
      expect((await zen(`/api/v2/tickets/${problem.id}`)).body.ticket.has_incidents).toBe(true)
      expect((await zen(`/api/v2/tickets/${problem.id}/incidents`)).body.tickets).toMatchObject([{ id: incident.id }])
      expect((await write({ type: "incident", problem_id: incident.id })).body.details.problem_id[0].error).toBe(
        "InvalidValue"
      )
      expect((await write({ type: "task", problem_id: problem.id })).body.ticket.problem_id).toBe(null)
      const open = (await write({ type: "problem", status: "open" })).body.ticket
      expect((await zen("/api/v2/problems")).body.tickets).toMatchObject([{ id: open.id }])
      const later = (await write({ type: "incident", status: "open" })).body.ticket
      await zen(`/api/v2/tickets/${later.id}`, { method: "PUT", body: { ticket: { problem_id: open.id } } })
      expect((await zen(`/api/v2/tickets/${open.id}/incidents`)).body.count).toBe(1)
    }))
})

it("defines fields of users and organizations, each key once", () =>
  withSandbox({ tickets: 4 }, async ({ zen }) => {
    for (const kind of ["user", "organization"]) {
      const make = (key: string) =>
        zen(`/api/v2/${kind}_fields`, { body: { [`${kind}_field`]: { key, type: "text", title: "Location" } } })
      expect((await make("location")).status).toBe(201)
      expect((await make("location")).body.details.key[0].error).toBe("DuplicateValue")
      expect((await zen(`/api/v2/${kind}_fields`)).body[`${kind}_fields`]).toMatchObject([{ key: "location" }])
    }
  }))
