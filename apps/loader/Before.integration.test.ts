// What is made before the records of a phase: the object they go into, the memberships they ask for.
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { heldBy, type Lab, openLab, type Seed } from "./testing/Lab.ts"

let lab: Lab
let nextId = 1
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab?.close())

describe("before its records", () => {
  it("makes no object that nothing goes into", async () => {
    await lab.migrate(await lab.job({ location: [] }))
    expect(lab.vendor.kept).toEqual([])
  })

  it("makes the object that records go into before the first of them, and never a second time", async () => {
    const places = ["11", "12"].map((id): Seed => ({ sourceId: id, body: { name: `Room ${id}` } }))
    await lab.migrate(await lab.job({ location: places }))
    expect(lab.vendor.kept.map((k) => [k.entity, k.key])).toEqual([
      ["asset-type", "freshservice:acme:asset-type:$object/location"],
      ["location", "freshservice:acme:location:11"],
      ["location", "freshservice:acme:location:12"]
    ])
    expect(lab.vendor.kept[0]?.body).toMatchObject({ title: "Location", fields: expect.any(Array) })
    await lab.migrate(await lab.job({ location: [...places, { sourceId: "13", body: { name: "Room 13" } }] }))
    expect(heldBy(lab.vendor, "asset-type")).toHaveLength(1)
    expect(heldBy(lab.vendor, "location")).toEqual(["11", "12", "13"])
  })

  it("makes the objects of what follows before kinds of assets, which may take all the room that a plan has", async () => {
    lab.vendor.kept.length = 0
    await lab.rows((sql) => sql`delete from load_ledger where entity in ('asset-type', 'relation') returning entity`)
    const tie = { sourceId: "r1", body: { name: "asset 5 Uses asset 6" } }
    await lab.migrate(await lab.job({ "asset-type": [{ sourceId: "30", body: { title: "Van" } }], relation: [tie] }))
    expect(heldBy(lab.vendor, "asset-type")).toEqual(["$object/location", "$object/relation", "30"])
    expect(lab.vendor.kept.map(({ key }) => key.replace(/^[^:]*:[^:]*:/u, ""))).toEqual([
      "asset-type:$object/location",
      "asset-type:$object/relation",
      "asset-type:30",
      "relation:r1"
    ])
  })

  it("makes the field of tickets that leads to each kind of assets when the kind is there, once, and links none that is missing", async () => {
    const field = (name: string) => ({ type: "lookup", title: `Asset: ${name}` })
    const kinds = ["Laptop", "Phone"].map(
      (name, i): Seed => ({
        sourceId: `${25 + i}`,
        body: { title: name, ticket_field: field(name) }
      })
    )
    const things = ["5", "6"].map((id): Seed => ({ sourceId: id, body: { name: `Asset ${id}` } }))
    const naming = (id: string, asset: string): Seed => ({
      sourceId: `${nextId++}`,
      body: { subject: id, custom_fields: [null] },
      resolution: { refs: { "custom_fields.0": { entity: "asset", sourceId: asset, field: "$link/25" } } }
    })
    const seeds = { "asset-type": kinds, asset: things }
    await lab.migrate(await lab.job(seeds))
    expect(heldBy(lab.vendor, "custom-field")).toEqual([])
    for (let times = 0; times < 2; times++) {
      const job = await lab.job({ ...seeds, ticket: [naming("there", "5"), naming("gone", "77")] })
      await lab.migrate(job)
      const made = lab.vendor.kept.filter(({ entity }) => entity === "custom-field")
      expect(made.map(({ body: { key: _, ...body } }) => body)).toEqual([field("Laptop"), field("Phone")])
      const asset = lab.vendor.kept.find(({ entity, key }) => entity === "asset" && key.endsWith(":5"))
      const tickets = lab.vendor.kept.filter(({ entity }) => entity === "ticket").slice(-2)
      expect(tickets.map(({ body }) => body["custom_fields"])).toEqual([
        [{ id: Number(made[0]?.id), value: Number(asset?.id) }],
        []
      ])
      expect((await lab.outcomes(job, "ticket")).map(({ outcome }) => outcome)).toEqual(["created", "created"])
    }
  })

  it("goes on without a field that is refused: told with the vendor's words, and its tickets have a warning in place of the link", async () => {
    const field = { type: "lookup", title: "Asset: Car", refuse: true }
    const kind: Seed = { sourceId: "40", body: { title: "Car", ticket_field: field } }
    const link = { entity: "asset", sourceId: "9", field: "$link/40" } as const
    const ticket: Seed = {
      sourceId: `${nextId++}`,
      body: { subject: "Dent", custom_fields: [{ id: 1, value: "a" }, null] },
      resolution: { refs: { "custom_fields.1": link } }
    }
    const thing: Seed = { sourceId: "9", body: { name: "Car 9" } }
    const job = await lab.job({ "asset-type": [kind], asset: [thing], ticket: [ticket] })
    await lab.migrate(job)
    const [event] = await lab.rows<{ detail: unknown }>(
      (sql) => sql`select detail from job_events where job_id = ${job}::uuid and type = 'partly-loaded'`
    )
    expect(event?.detail).toMatchObject({
      entity: "asset-type",
      records: [{ sourceId: "40", name: "ticket_field", message: "Subject: cannot be blank" }]
    })
    const [told] = await lab.rows<{ outcome: string; warnings: unknown }>(
      (sql) => sql`select outcome, warnings from job_record_outcomes where job_id = ${job}::uuid and entity = 'ticket'`
    )
    expect(told).toMatchObject({
      outcome: "created",
      warnings: [{ code: "reference-not-loaded", field: "custom_fields.1" }]
    })
    expect(lab.vendor.kept.at(-1)?.body["custom_fields"]).toEqual([{ id: 1, value: "a" }])
  })

  it("makes the memberships that tickets ask for before them, each once, and none where nobody asked for any", async () => {
    const agent = { sourceId: "agents/1", body: { name: "Ann", email: "ann@example.com", role: "agent" } }
    const group = { sourceId: "g1", body: { name: "Printers" } }
    const department = { sourceId: "d1", body: { name: "Sales" } }
    const refs = {
      assignee_id: { entity: "person", sourceId: agent.sourceId },
      requester_id: { entity: "person", sourceId: agent.sourceId },
      group_id: { entity: "group", sourceId: group.sourceId },
      organization_id: { entity: "department", sourceId: department.sourceId }
    } as const
    const asking = (): ReadonlyArray<Seed> =>
      [1, 2, 3].map(() => ({
        sourceId: `${nextId++}`,
        body: { subject: "Printer" },
        resolution: { refs },
        warnings: [{ code: "member-added" }, { code: "organization-added" }]
      }))
    const seeds = { person: [agent], group: [group], department: [department] }
    await lab.migrate(await lab.job({ ...seeds, ticket: asking() }))
    expect(heldBy(lab.vendor, "group-member")).toEqual([])
    const asked = { assigneeOutsideGroup: "add-member", organizationOfAnother: "add-member" } as const
    for (let times = 0; times < 2; times++) {
      await lab.migrate(await lab.job({ ...seeds, ticket: asking() }, asked))
      const idOf = (id: string) => Number(lab.vendor.kept.find(({ key }) => key.endsWith(`:${id}`))?.id)
      const made = lab.vendor.kept.filter(({ entity }) => entity.endsWith("-member") || entity === "further")
      expect(made.map(({ body: { key: _, ...body }, entity }) => [entity, body])).toEqual([
        ["group-member", { user_id: idOf(agent.sourceId), group_id: idOf(group.sourceId) }],
        ["further", { user_id: idOf(agent.sourceId), organization_id: idOf(department.sourceId) }]
      ])
    }
    const order = lab.vendor.kept.map(({ entity }) => entity)
    expect(order.lastIndexOf("further")).toBeLessThan(order.lastIndexOf("ticket"))
  })
})
