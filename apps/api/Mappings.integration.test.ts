import type { JobView } from "@bridge/contract/Jobs"
import type { MappingDiff, MappingPreview, MappingView } from "@bridge/contract/Mappings"
import type { Summary } from "@bridge/contract/Review"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Caller, refusedAs, startApi, type TestApi } from "./TestApi.ts"
import { reviewedJob } from "./TestReview.ts"

interface Fields {
  readonly entities: { readonly ticket: { readonly fields: ReadonlyArray<{ readonly to: string }> } }
}

interface Made {
  readonly entities: {
    readonly "custom-field": { readonly make: ReadonlyArray<object> }
    readonly ticket: { readonly custom: { readonly fields: ReadonlyArray<object> } }
  }
}

let api: TestApi
let acme: Caller
let job: JobView
let stored: Omit<MappingView, "mapping"> & { readonly mapping: Fields }
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  job = await reviewedJob(api, acme, await api.connections(acme), [
    { id: "1", subject: "First" },
    { id: "2", subject: "Second" },
    { id: "3", subject: "Third" }
  ])
  stored = (await acme.get<typeof stored>(`/api/mappings/${job.mapping?.id}`)).body
})
afterAll(() => api.stop())

/** The stored mapping with another rule for the subject. */
const withSubject = (rule: object) => {
  const mapping = stored.mapping
  const fields = mapping.entities.ticket.fields.map((f) => (f.to === "subject" ? { to: "subject", ...rule } : f))
  return { ...mapping, entities: { ...mapping.entities, ticket: { ...mapping.entities.ticket, fields } } }
}
const preview = (body: object) =>
  acme.post<typeof MappingPreview.Type>(`/api/mappings/${stored.id}/preview`, { job: job.id, ...body })

describe("the versions of a mapping", () => {
  it("are listed, and what differs between two is told place by place", async () => {
    const next = await acme.post("/api/mappings", { id: stored.id, mapping: withSubject({ constant: "moved" }) })
    assert.strictEqual(next.status, 201)
    const versions = await acme.get<ReadonlyArray<MappingView>>(`/api/mappings/${stored.id}/versions`)
    assert.deepStrictEqual(
      versions.body.map((v) => v.version),
      [2, 1]
    )
    const diff = async (from: number, to: number) =>
      (await acme.get<typeof MappingDiff.Type>(`/api/mappings/${stored.id}/diff?from=${from}&to=${to}`)).body
    const { changes } = await diff(1, 2)
    assert.deepInclude(changes, { path: "entities.ticket.fields[subject].constant", after: "moved" })
    for (const { path } of changes) assert.match(path, /^entities\.ticket\.fields\[subject\]/)
    assert.deepStrictEqual((await diff(2, 2)).changes, [])
    refusedAs(await acme.get(`/api/mappings/${stored.id}/diff?from=1&to=9`), 404, "mapping-unknown")
    refusedAs(await acme.get(`/api/mappings/${stored.id}/diff?from=1`), 400, "invalid-request")
  })
})

describe("a migration", () => {
  it("lists the fields that the destination lacks, and has them made where somebody asks for it", async () => {
    const [source, destination] = [job.source.connection, job.destination?.connection]
    const begin = (options: object, more: object = {}) =>
      acme.post<JobView>("/api/migrations", { source, destination, entities: ["ticket"], options, ...more })
    const warningsOf = async (id: string) =>
      (await acme.get<Summary>(`/api/jobs/${id}/extraction-summary`)).body.fieldWarnings.map((w) => [w.field, w.code])
    const plain = (await begin({})).body
    // And, of the entities it moves alone, what is not moved at all: satisfaction and SLA data of tickets.
    const never = [
      ["", "not-moved"],
      ["", "not-moved"]
    ]
    assert.deepStrictEqual(await warningsOf(plain.id), [["site", "field-unmatched"], ...never])
    assert.notInclude(plain.entities, "custom-field")
    const making = (await begin({ createMissingFields: true })).body
    assert.deepStrictEqual(await warningsOf(making.id), [["site", "field-made"], ...never])
    assert.include(making.entities, "custom-field")
    const { mapping } = (await acme.get<MappingView>(`/api/mappings/${making.mapping?.id}`)).body
    const { entities } = JSON.parse(JSON.stringify(mapping)) as Made
    assert.deepStrictEqual(entities["custom-field"].make, [
      { of: "ticket", nativeId: "77", title: "Site", body: { type: "text", title: "Site" } }
    ])
    assert.deepInclude(entities.ticket.custom.fields, {
      from: ["custom.site"],
      to: "77",
      title: "Site",
      type: "text",
      made: true
    })
    refusedAs(await begin({ createMissingFields: true }, { mapping: { id: stored.id } }), 422, "options-invalid")
  })
})

describe("a preview", () => {
  it("shows archived records as they were mapped and as they would be, and changes nothing", async () => {
    const before = await api.owner((sql) => sql`select to_jsonb(j) as job from jobs j`)
    const mapping = withSubject({ rule: '"[" & native_id & "] " & subject' })
    const { body, status } = await preview({ mapping, records: ["2", "3"] })
    assert.strictEqual(status, 200)
    assert.deepStrictEqual(
      body.records.map((r) => [r.sourceId, r.title]),
      [
        ["2", "Second"],
        ["3", "Third"]
      ]
    )
    const [second] = body.records
    assert.deepNestedInclude(second, { "before.body.subject": "Second", "after.body.subject": "[2] Second" })
    assert.include(second?.changed ?? [], "body.subject")
    assert.deepStrictEqual(await api.owner((sql) => sql`select to_jsonb(j) as job from jobs j`), before)
  })

  it("shows why a record would be left out, and what its rule says when it fails", async () => {
    const out = await preview({ mapping: withSubject({ rule: "nowhere", required: true }), limit: 1 })
    assert.deepInclude(out.body.records[0], { excluded: "no subject", after: null })
    const failing = await preview({ mapping: withSubject({ rule: '$error("no site")', default: "x" }), limit: 1 })
    assert.include(JSON.stringify(failing.body.records[0]?.warnings), "no site")
    assert.deepNestedInclude(failing.body.records[0], { "after.body.subject": "x" })
  })

  it("is refused for what is no mapping, another pair or another tenant's job", async () => {
    refusedAs(await preview({ mapping: withSubject({ rule: "$now()" }) }), 422, "mapping-invalid")
    refusedAs(await preview({ mapping: { ...stored.mapping, source: "zendesk" } }), 422, "mapping-invalid")
    refusedAs(await preview({ entity: "widgets" }), 422, "entity-unknown")
    refusedAs(await preview({ job: acme.tenantId }), 404, "job-unknown")
    const made = await acme.post<{ token: string }>("/api/tokens", { name: "watcher", role: "viewer" })
    const viewer = new Caller(api.origin, made.body.token)
    const own = { job: job.id, mapping: withSubject({ rule: "subject" }) }
    refusedAs(await viewer.post(`/api/mappings/${stored.id}/preview`, own), 403, "not-allowed")
    assert.strictEqual((await viewer.post(`/api/mappings/${stored.id}/preview`, { job: job.id })).status, 200)
    const stranger = await api.tenant("stranger")
    refusedAs(await stranger.post(`/api/mappings/${stored.id}/preview`, { job: job.id }), 404, "mapping-unknown")
  })
})
