import type { Mapping, MappingOptions } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { asset, assetType, location, problem } from "@bridge/mapping/testing/Samples"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Desk, everything, newJob, openDesk, recordsOf, type Sample, tenant } from "../testing/Desk.ts"
import { agent, issue, member, named, note, requester } from "../testing/People.ts"
import { refined, settled } from "../testing/Settled.ts"

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.stop())

/** The samples in their order; then settled `times` times. */
const settledJob = (
  samples: ReadonlyArray<Sample>,
  mapping: Mapping = freshserviceToZendesk,
  times = 1,
  wanted: ReadonlyArray<string> = everything
) =>
  desk.run(
    Effect.gen(function* () {
      const jobId = yield* newJob(mapping)
      yield* refined(jobId, mapping, samples)
      for (let i = 0; i < times; i++) yield* settled(jobId, mapping, wanted)
      return yield* recordsOf(jobId)
    })
  )

const withOptions = (options: Partial<MappingOptions>): Mapping => ({
  ...freshserviceToZendesk,
  options: { ...freshserviceToZendesk.options, ...options }
})
const codes = (row: { readonly warnings: ReadonlyArray<{ readonly code: string }> | null } | undefined) =>
  (row?.warnings ?? []).map((w) => w.code)

describe("references", () => {
  it("lead to records of the job, whichever stream brought the person", async () => {
    const records = await settledJob([
      issue("17", { requester: "501", assignee: "401", group: "301", department: "201" }),
      note("1", "17", { author: "401" }),
      requester("501", { departments: ["201"] }),
      agent("401"),
      named("group", "301", "Desk"),
      named("department", "201", "Finance"),
      member("301", "401")
    ])
    expect(records.get("ticket/17")?.resolution).toEqual({
      refs: {
        requester_id: { entity: "person", sourceId: "requesters/501" },
        "meta.description.author_id": { entity: "person", sourceId: "requesters/501" },
        assignee_id: { entity: "person", sourceId: "agents/401" },
        group_id: { entity: "group", sourceId: "301" },
        organization_id: { entity: "department", sourceId: "201" }
      }
    })
    expect(records.get("ticket/17")?.warnings).toBeNull()
    expect(records.get("comment/1")?.resolution).toEqual({
      refs: { author_id: { entity: "person", sourceId: "agents/401" } }
    })
    expect(records.get("group/301")?.resolution).toBeNull()
  })

  it("give a name where a name is wanted, also of a record that is itself left out; else nothing, with a warning", async () => {
    const place: Sample = { entity: "location", record: location({ source_id: "9", native_id: "9", name: "Bern" }) }
    const type: Sample = { entity: "asset-type", record: assetType({ source_id: "12", native_id: "12", name: "L" }) }
    const thing = (id: string, changes: object): Sample => ({
      entity: "asset",
      record: asset({ source_id: id, native_id: id, type: "12", ...changes })
    })
    const { asset: things, ...others } = freshserviceToZendesk.entities
    const fields = (things?.fields ?? []).map((f) =>
      f.from === "location" ? { ...f, ref: { entity: "location", missing: "drop", as: "name" } as const } : f
    )
    const byName: Mapping = {
      ...freshserviceToZendesk,
      entities: {
        ...others,
        asset: { exclude: [], fields },
        location: { leftOut: "no place", exclude: [], fields: [] }
      }
    }
    const samples = [place, type, thing("1", { location: "9" }), thing("2", { location: "8" })]
    const records = await settledJob(samples, byName)
    expect(records.get("location/9")?.state).toBe("excluded")
    expect(records.get("asset/1")?.resolution).toEqual({
      refs: {
        custom_object_key: { entity: "asset-type", sourceId: "12" },
        "custom_object_fields.location": { entity: "location", name: "Bern" }
      }
    })
    expect(records.get("asset/2")?.resolution).toMatchObject({
      refs: { "custom_object_fields.location": { entity: "location", missing: "8", use: "drop" } }
    })
    expect(codes(records.get("asset/2"))).toEqual(["reference-missing"])
  })

  it("to assets stand in the field of their type, the first of a type in each, the others in the note with a word", async () => {
    const type = (id: string): Sample => ({ entity: "asset-type", record: assetType({ source_id: id, native_id: id }) })
    const thing = (id: string, of: string, changes = {}): Sample => ({
      entity: "asset",
      record: asset({ source_id: id, native_id: id, type: of, ...changes })
    })
    const things = [
      type("25"),
      type("26"),
      thing("9", "25"),
      thing("5", "25"),
      thing("7", "26"),
      thing("3", "25", { deleted: true })
    ]
    const samples = [...things, requester("501"), issue("17", { assets: ["3", "9", "7", "5", "88"] }), issue("18")]
    const records = await settledJob(samples, freshserviceToZendesk, 2)
    const { resolution, warnings } = records.get("ticket/17") ?? {}
    expect(resolution?.refs).toMatchObject({
      "custom_fields.0": { entity: "asset", missing: "3", use: "drop" },
      "custom_fields.1": { entity: "asset", sourceId: "9", field: "$link/25" },
      "custom_fields.2": { entity: "asset", sourceId: "7", field: "$link/26" },
      "custom_fields.3": { entity: "asset", missing: "5", use: "drop" },
      "custom_fields.4": { entity: "asset", missing: "88", use: "drop" }
    })
    expect((warnings ?? []).map(({ code, field }) => [code, field])).toEqual([
      ["reference-missing", "custom_fields.0"],
      ["reference-missing", "custom_fields.4"],
      ["one-of-a-kind", "custom_fields.3"]
    ])
    expect(records.get("ticket/18")?.warnings).toBeNull()
    const alone = samples.filter(({ entity }) => entity === "ticket" || entity === "person")
    const without = await settledJob(alone, freshserviceToZendesk, 1, ["ticket", "comment", "person"])
    expect(without.get("ticket/17")?.warnings).toBeNull()
    expect(Object.values(without.get("ticket/17")?.resolution?.refs ?? {}).filter((r) => r.entity === "asset")).toEqual(
      ["3", "9", "7", "5", "88"].map((missing) => ({ entity: "asset", missing, use: "drop" }))
    )
  })

  it("hold for problems as for tickets: an assignee outside the group is left out", async () => {
    const trouble: Sample = {
      entity: "problem",
      record: problem({ source_id: "5", native_id: "5", requester: "501", assignee: "401", group: "301" })
    }
    const records = await settledJob([trouble, requester("501"), agent("401"), named("group", "301", "Desk")])
    expect(records.get("problem/5")?.resolution).toMatchObject({
      refs: { assignee_id: { entity: "person", missing: "401", use: "drop" } }
    })
    expect(codes(records.get("problem/5"))).toContain("not-a-member")
  })

  it("without a record: the stand-in for requester and author, nobody for the assignee, each with a warning", async () => {
    const records = await settledJob([
      issue("17", { requester: "9", assignee: "8" }),
      note("1", "17", { author: null })
    ])
    expect(records.get("ticket/17")?.resolution?.refs).toMatchObject({
      requester_id: { entity: "person", missing: "9", use: "placeholder" },
      assignee_id: { entity: "person", missing: "8", use: "drop" }
    })
    expect(records.get("ticket/17")?.warnings?.map((w) => [w.code, w.field])).toEqual([
      ["reference-missing", "assignee_id"],
      ["reference-missing", "meta.description.author_id"],
      ["reference-missing", "requester_id"]
    ])
    expect(records.get("comment/1")?.resolution?.refs).toEqual({
      author_id: { entity: "person", missing: "", use: "placeholder" }
    })
  })

  it("to somebody who is no agent any more leave the ticket without an assignee, by name", async () => {
    const records = await settledJob([
      requester("501"),
      agent("401", { active: false }),
      issue("17", { assignee: "401" })
    ])
    expect(records.get("ticket/17")?.resolution?.refs?.assignee_id).toEqual({
      entity: "person",
      missing: "401",
      use: "drop"
    })
    expect(records.get("ticket/17")?.warnings?.[0]?.message).toBe(
      "Agent 401 (agents/401) is not an agent at the destination: left out"
    )
  })

  it("lead to what an earlier job has loaded, where this one does not move its kind", async () => {
    await desk.run(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`insert into load_ledger (tenant_id, destination_account, source_account, entity,
          source_id, source_key, state, destination_id, last_job)
        values (${tenant}::uuid, 'zendesk:b', 'freshservice:a', 'person', 'agents/777', 'k', 'created', '1', gen_random_uuid())`
      )
    )
    const alone = await settledJob([issue("17", { requester: "777", assignee: "777" })], freshserviceToZendesk, 1, [
      "ticket",
      "comment"
    ])
    expect(alone.get("ticket/17")?.resolution?.refs?.assignee_id).toEqual({ entity: "person", sourceId: "agents/777" })
    const whole = await settledJob([issue("17", { requester: "777" })])
    expect(whole.get("ticket/17")?.resolution?.refs?.requester_id).toMatchObject({ missing: "777" })
  })
})

describe("an assignee outside the ticket's group", () => {
  const samples = [
    requester("501"),
    agent("401"),
    named("group", "301", "Desk"),
    issue("17", { assignee: "401", group: "301" })
  ]
  it("gives way to the group, named in a warning", async () => {
    const row = (await settledJob(samples)).get("ticket/17")
    expect(row?.resolution?.refs).toMatchObject({
      assignee_id: { missing: "401", use: "drop" },
      group_id: { sourceId: "301" }
    })
    expect(row?.warnings?.at(-1)).toMatchObject({
      code: "not-a-member",
      message: "Agent 401 (agents/401) is not a member of Desk: the assignee is left out"
    })
  })
  it("stays where the mapping lets the group go, or keeps both", async () => {
    const group = (await settledJob(samples, withOptions({ assigneeOutsideGroup: "drop-group" }))).get("ticket/17")
    expect(group?.resolution?.refs).toMatchObject({
      assignee_id: { sourceId: "agents/401" },
      group_id: { missing: "301", use: "drop" }
    })
    const both = (await settledJob(samples, withOptions({ assigneeOutsideGroup: "keep" }))).get("ticket/17")
    expect(both?.resolution?.refs).toMatchObject({
      assignee_id: { sourceId: "agents/401" },
      group_id: { sourceId: "301" }
    })
    const added = (await settledJob(samples, withOptions({ assigneeOutsideGroup: "add-member" }))).get("ticket/17")
    expect(added?.resolution?.refs).toEqual(both?.resolution?.refs)
    expect(codes(added)).toContain("member-added")
  })
})

it("leaves out an organization that is not the requester's", async () => {
  const samples = [
    requester("501", { departments: ["202"] }),
    named("department", "201", "Finance"),
    named("department", "202", "Sales"),
    issue("17", { department: "201" })
  ]
  const row = (await settledJob(samples)).get("ticket/17")
  expect(row?.resolution?.refs?.organization_id).toEqual({ entity: "department", missing: "201", use: "drop" })
  expect(codes(row)).toEqual(["organization-of-another"])
  const kept = (await settledJob(samples, withOptions({ organizationOfAnother: "keep" }))).get("ticket/17")
  expect(kept?.resolution?.refs?.organization_id).toEqual({ entity: "department", sourceId: "201" })
  const added = (await settledJob(samples, withOptions({ organizationOfAnother: "add-member" }))).get("ticket/17")
  expect(added?.resolution?.refs).toEqual(kept?.resolution?.refs)
  expect(codes(added)).toEqual(["organization-added"])
})

describe("two people with one address", () => {
  it("become the lowest, whoever refers to them, and an agent among them makes an agent", async () => {
    const records = await settledJob([
      requester("9", { email: "Same@x.example" }),
      agent("10", { email: "same@X.example" }),
      agent("11", { email: " SAME@x.example" }),
      issue("17", { requester: "10", assignee: "11" }),
      named("group", "301", "Desk"),
      member("301", "10"),
      member("301", "11")
    ])
    expect(records.get("person/requesters/9")?.resolution).toEqual({
      merges: ["agents/10", "agents/11"],
      set: { role: "agent" }
    })
    expect(records.get("person/agents/11")?.resolution).toEqual({ merged: { into: "requesters/9" } })
    expect(records.get("ticket/17")?.resolution?.refs).toMatchObject({
      requester_id: { sourceId: "requesters/9" },
      assignee_id: { sourceId: "requesters/9" }
    })
    expect(records.get("person/requesters/9")?.warnings?.at(-1)?.message).toBe(
      "one person: requesters/9, agents/10, agents/11; the others are merged into this one"
    )
    expect(records.get("group-member/301/11")?.resolution).toMatchObject({ merged: { into: "301/10" } })
  })
  it("are one as well when they have one id", async () => {
    const records = await settledJob([requester("9", { email: null }), agent("9")])
    expect(records.get("person/requesters/9")?.resolution).toEqual({ merged: { into: "agents/9" } })
  })
})

it("gives departments and groups of one name different ones, the lowest keeps it", async () => {
  const records = await settledJob([
    named("department", "10", "finance "),
    named("department", "9", "Finance"),
    named("department", "11", "FINANCE (10)"),
    named("group", "1", "Finance")
  ])
  expect(records.get("department/9")?.resolution).toBeNull()
  expect(records.get("department/10")?.resolution).toEqual({ set: { name: "finance (10) 2" } })
  expect(records.get("department/11")?.resolution).toBeNull()
  expect(records.get("group/1")?.resolution).toBeNull()
})

it("leaves out the children of what is left out, and members who cannot be", async () => {
  const records = await settledJob([
    requester("501"),
    issue("17", { spam: true }),
    note("1", "17"),
    note("2", "18"),
    named("group", "301", "Desk"),
    member("301", "501"),
    member("301", "999"),
    member("302", "501")
  ])
  expect(records.get("comment/1")?.resolution?.excluded).toBe("its ticket is left out: spam")
  expect(records.get("comment/2")?.resolution?.excluded).toBe("its ticket is not in this job")
  expect(records.get("group-member/301/501")?.resolution?.excluded).toBe(
    "person 501 is not an agent at the destination"
  )
  expect(records.get("group-member/301/999")?.resolution?.excluded).toBe("person 999 is not in this job")
  expect(records.get("group-member/302/501")?.resolution?.excluded).toBe("its group is not in this job")
})

it("decides the same whatever came first, and again the same", async () => {
  const samples = [
    requester("9", { email: "s@x.example", departments: ["2"] }),
    agent("10", { email: "S@x.example" }),
    agent("11"),
    agent("12", { active: false }),
    requester("501", { departments: ["1"] }),
    named("department", "1", "Sales"),
    named("department", "2", "SALES"),
    named("department", "3", "sales"),
    named("group", "301", "Desk"),
    named("group", "302", "desk"),
    member("301", "9"),
    member("301", "10"),
    member("302", "11"),
    member("302", "12"),
    issue("1", { requester: "10", assignee: "9", group: "301", department: "2" }),
    issue("2", { assignee: "12", group: "302" }),
    issue("3", { deleted: true }),
    issue("4", { requester: "77", assignee: "11", group: "301", department: "1" }),
    note("1", "1", { author: "10" }),
    note("2", "3"),
    note("3", "4", { author: "0" })
  ]
  const view = (records: Awaited<ReturnType<typeof settledJob>>) =>
    [...records].map(([id, { resolution, state, warnings }]) => ({ id, resolution, state, warnings }))
  const first = view(await settledJob(samples))
  expect(view(await settledJob([...samples].reverse(), freshserviceToZendesk, 2))).toEqual(first)
  const shuffled = samples
    .map((sample, i) => ({ sample, at: (i * 7919) % 23 }))
    .sort((a, b) => a.at - b.at)
    .map((one) => one.sample)
  expect(view(await settledJob(shuffled))).toEqual(first)
})
