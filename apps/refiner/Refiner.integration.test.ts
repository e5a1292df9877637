import { sha256 } from "@bridge/domain/Canonical"
import type { AvroValue } from "@bridge/domain/NormalizedAvro"
import { recordTopic } from "@bridge/flow/Flow"
import { Schemas } from "@bridge/kafka/Schemas"
import { group, person, ticket } from "@bridge/mapping/testing/Samples"
import { Blobs } from "@bridge/store/Blobs"
import { asTenant } from "@bridge/store/Postgres"
import { unpacked } from "@bridge/store/RawData"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { records as write } from "./Archive.ts"
import type { RawRow, RefinedRecord } from "./Batch.ts"
import { refine } from "./Refiner.ts"
import { type Desk, newJob, openDesk, rawRow, reader, recordsOf, rowOf, type Sample, tenant } from "./testing/Desk.ts"
import {
  deliver,
  manifest,
  openRiver,
  type River,
  recordsIn,
  runOf,
  type SentBatch,
  send,
  untilState
} from "./testing/River.ts"

let desk: Desk
let river: River
beforeAll(async () => {
  desk = await openDesk()
  river = await openRiver(desk, reader)
}, 120_000)
afterAll(async () => {
  await river?.stop()
  await desk?.stop()
})

const issue = (id: string, changes = {}): Sample => ({
  entity: "ticket",
  record: ticket({ source_id: id, native_id: id, ...changes })
})
const job = () => desk.run(newJob())
const batch = (jobId: string, rows: ReadonlyArray<RawRow>, number = 0): SentBatch => ({
  jobId,
  entity: "ticket",
  number,
  rows
})
const refineNow = async (b: SentBatch) => {
  await river.run(deliver(b))
  await river.run(untilState(b, "refined"))
}
const refinedOf = (id: string): RefinedRecord => ({
  entity: "ticket",
  sourceId: id,
  nativeId: id,
  parentId: null,
  parentEntity: null,
  position: 0,
  version: "",
  rawHash: "h",
  state: "ready",
  reason: null,
  matchKey: null,
  sortKey: "",
  title: "",
  status: null,
  warnings: null,
  refs: null,
  element: null,
  hash: null,
  message: null,
  row: rowOf(issue(id), 0),
  part: 0
})
const records = (jobId: string) => desk.run(recordsOf(jobId))
const archived = (b: SentBatch, entity: string = b.entity) =>
  river.sql((sql) =>
    Effect.flatMap(
      sql<{ raw: Uint8Array | null; elements: ReadonlyArray<unknown>; record_count: number }>`
    select raw_data as raw, transformed_data as elements, record_count from job_extracted_data
    where job_id = ${b.jobId}::uuid and entity_type = ${entity} and batch_number = ${b.number}`,
      (rows) => Effect.all(rows.map((row) => Effect.map(textOf(row.raw), (raw) => ({ ...row, raw }))))
    )
  )
const textOf = (raw: Uint8Array | null) =>
  raw === null ? Effect.succeed(null) : Effect.map(unpacked(raw), (bytes) => bytes.toString("utf8"))
const letters = (jobId: string) =>
  river.sql(
    (sql) => sql<{ source_id: string; error_class: string; entity: string }>`select source_id, error_class, entity
    from dead_letters where job_id = ${jobId}::uuid order by source_id`
  )

it("keeps the vendor's bytes, publishes every record, seals the stream: poison rows cost nobody else anything", async () => {
  const jobId = await job()
  const odd = ` { "entity":"ticket", "record": ${JSON.stringify(issue("4").record)},  "x":1.50, "n":12345678901234567890, "s":"\\ud800 \\u0000 \\u00e9" } `
  const rows = [
    rowOf(issue("1"), 0),
    rawRow("2", "{ not json", 1),
    rowOf(issue("3"), 2, { fail: true }),
    rawRow("4", odd, 3),
    rawRow(
      "5",
      `{"entity":"ticket","record":${JSON.stringify(issue("5").record)},"deep":${"[".repeat(60_000)}${"]".repeat(60_000)}}`,
      4
    ),
    { ...rawRow("6", "", 5), bytes: Buffer.from([0x7b, 0xff, 0x7d]) },
    rowOf(issue("7", { subject: "a\0b\ud800" }), 6)
  ]
  const b = batch(jobId, rows)
  await river.sql((sql) => sql`update job_streams set ended = true where job_id = ${jobId}::uuid`)
  await refineNow(b)

  expect((await letters(jobId)).map((l) => [l.source_id, l.error_class])).toEqual([
    ["2", "not-json"],
    ["3", "normalise-failed"],
    ["5", "too-deep"],
    ["6", "not-utf8"]
  ])
  const [archive] = await archived(b)
  expect(archive?.raw).toBe(`[${rows[0]?.bytes},null,null,${odd},null,null,${rows[6]?.bytes}]`)
  expect(archive?.record_count).toBe(3)
  const found = await records(jobId)
  expect([...found.keys()]).toEqual(["ticket/1", "ticket/4", "ticket/7"])
  expect(found.get("ticket/7")?.warnings?.map((w) => [w.code, w.field])).toEqual([
    ["repaired", "subject"],
    ["repaired", "subject"]
  ])
  expect(archive?.elements[6]).toMatchObject({ body: { subject: "ab\ufffd" } })

  const [stream] = await river.sql(
    (sql) =>
      sql<{ sealed: boolean }>`select sealed_at is not null as sealed from job_streams where job_id = ${jobId}::uuid`
  )
  expect(stream?.sealed).toBe(true)
  const events = await river.sql(
    (sql) => sql<{ type: string; detail: unknown }>`select type, detail from job_events where job_id = ${jobId}::uuid`
  )
  expect(events).toEqual([{ type: "stream-sealed", detail: { stream: "rows" } }])

  const topic = recordTopic("normalized", "ticket")
  const published = await river.run(recordsIn(topic, jobId, 3))
  const codec = await river.run(
    Effect.flatMap(Schemas, (s) => s.codecFor<AvroValue>({ name: topic, schema: "normalized-ticket" }))
  )
  const values = published.map((rec) => codec.decode(rec.value ?? Buffer.alloc(0)))
  expect(values.map((v) => v.source_id)).toEqual(["1", "4", "7"])
  expect(values[0]).toMatchObject({
    tenant_id: tenant,
    job_id: jobId,
    revision: 1,
    op: "upsert",
    raw_hash: rows[0]?.contentHash
  })
  expect(String(published[0]?.headers.ce_id)).toBe(sha256(`${rows[0]?.eventId}\n0\n1`).slice(0, 32))
})

it("waits for a batch that is being sent, drops those that do not count, and takes the next ones in their order", async () => {
  const jobId = await desk.run(newJob(undefined, ["rows", "others"]))
  const sending = batch(jobId, [rowOf(issue("1"), 0)], 0)
  const abandoned = batch(jobId, [rowOf(issue("2"), 0)], 1)
  const unknown = batch(jobId, [rowOf(issue("3"), 0)], 2)
  const zombie = { ...batch(jobId, [rowOf(issue("4"), 0)], 3), epoch: 0 }
  const good = batch(jobId, [rowOf(issue("5"), 0)], 4)
  const elsewhere = { ...batch(jobId, [rowOf(issue("6"), 0)], 5), stream: "others" }
  await river.run(manifest(sending, "sending"))
  await river.run(manifest(abandoned, "abandoned"))
  await river.run(manifest({ ...zombie, epoch: 1 }, "sent"))
  for (const b of [sending, abandoned, unknown, zombie]) await river.run(send(b))
  await refineNow(elsewhere)
  expect([...(await records(jobId)).keys()]).toEqual(["ticket/6"])
  await river.run(deliver(good))
  // Time to overtake the batch that it follows.
  await river.run(Effect.sleep("300 millis"))
  expect([...(await records(jobId)).keys()]).toEqual(["ticket/6"])
  await river.run(manifest(sending, "sent"))
  await river.run(untilState(sending, "refined"))
  await river.run(untilState(good, "refined"))
  expect([...(await records(jobId)).keys()].toSorted()).toEqual(["ticket/1", "ticket/5", "ticket/6"])
  const published = await river.run(recordsIn(recordTopic("normalized", "ticket"), jobId, 3))
  expect(published.map((rec) => rec.key)).toEqual(["6", "1", "5"].map((id) => `${tenant}/${id}`))
  expect(await letters(jobId)).toEqual([])
})

it("keeps the newest version of a record, in a batch and across batches, whichever comes last", async () => {
  const jobId = await job()
  const version = (id: string, subject: string, at: string): Sample => ({ ...issue(id, { subject }), version: at })
  await refineNow(
    batch(
      jobId,
      [
        rowOf(version("1", "new", "2024-02"), 0),
        rowOf(version("1", "old", "2024-01"), 1),
        rowOf(version("2", "late", "2024-03"), 2)
      ],
      1
    )
  )
  await refineNow(
    batch(jobId, [rowOf(version("2", "early", "2024-01"), 0), rowOf(version("1", "newest", "2024-09"), 1)], 0)
  )
  const rows = await river.sql(
    (sql) => sql`select source_id, title, batch, position from job_records where job_id = ${jobId}::uuid order by 1`
  )
  expect(rows).toEqual([
    { source_id: "1", title: "newest", batch: 0, position: 1 },
    { source_id: "2", title: "late", batch: 1, position: 2 }
  ])
})

it("takes what a later revision makes of a batch, also where it counts fewer rows before a record", async () => {
  const jobId = await job()
  const b = batch(jobId, [rowOf(issue("1"), 0), rowOf(issue("2"), 1)])
  await refineNow(b)
  const of = (revision: number, position: number, title: string) => {
    const record = { ...refinedOf("2"), position, title }
    return desk.run(
      asTenant(tenant)(
        write({ jobId, tenantId: tenant, entity: "ticket", stream: "rows", number: 0 }, revision, [record])
      )
    )
  }
  await of(2, 0, "remapped")
  await of(1, 5, "of the revision before")
  expect((await records(jobId)).get("ticket/2")).toMatchObject({ position: 0, revision: 2 })
})

it("changes nothing when a batch comes again", async () => {
  const jobId = await job()
  const b = batch(jobId, [rowOf(issue("1"), 0), rowOf(issue("2"), 1)])
  await refineNow(b)
  const stamp = () =>
    river.sql(
      (sql) => sql`select xmin::text, ctid::text, source_id from job_records where job_id = ${jobId}::uuid
    union all select xmin::text, ctid::text, 'archive' from job_extracted_data where job_id = ${jobId}::uuid order by 3`
    )
  const before = await stamp()
  await river.run(send(b))
  await refineNow(batch(jobId, [rowOf(issue("9"), 0)], 1))
  expect((await stamp()).filter((row) => row.source_id !== "9" && row.source_id !== "archive")).toEqual(
    before.filter((row) => row.source_id !== "archive")
  )
  // Even where the manifest forgot that it was refined, the version guard holds.
  await river.run(manifest(b, "sent"))
  await river.run(send(b))
  await river.run(untilState(b, "refined"))
  expect((await stamp()).filter((row) => row.source_id === "1" || row.source_id === "2")).toEqual(
    before.filter((row) => row.source_id !== "archive")
  )
})

it("archives derived records beside their row's batch", async () => {
  const jobId = await job()
  const member = (p: string): Sample => ({
    entity: "group-member",
    sourceId: `7/${p}`,
    parentId: "7",
    record: {
      source_id: `7/${p}`,
      native_id: `7/${p}`,
      source_updated_at: null,
      created_at: null,
      group: "7",
      person: p,
      role: "member",
      is_default: null
    }
  })
  const b: SentBatch = {
    jobId,
    entity: "group",
    number: 0,
    rows: [
      rowOf(
        { entity: "group", record: group({ source_id: "7", native_id: "7" }), derived: [member("1"), member("2")] },
        0
      )
    ]
  }
  await refineNow(b)
  expect([...(await records(jobId)).keys()]).toEqual(["group/7", "group-member/7/1", "group-member/7/2"])
  expect(await archived(b, "group-member")).toMatchObject([
    {
      raw: null,
      record_count: 2,
      elements: [{ refs: { user_id: { nativeId: "1" } } }, { refs: { user_id: { nativeId: "2" } } }]
    }
  ])
  const published = await river.run(recordsIn(recordTopic("normalized", "group-member"), jobId, 2))
  expect(published.map((rec) => rec.key)).toEqual([`${tenant}/7/1`, `${tenant}/7/2`])
})

it("puts bodies over the limit into the blob store, raw and transformed", async () => {
  const jobId = await job()
  const sample = issue("1", { description_html: `<p>${"long ".repeat(120_000)}</p>` })
  const inline = rowOf(sample, 0)
  const hash = await river.run(Effect.flatMap(Blobs, (blobs) => blobs.put(tenant, inline.bytes)))
  const b = batch(jobId, [
    { ...inline, blob: hash },
    rowOf(issue("2"), 1),
    { ...rowOf(issue("3"), 2), blob: "0".repeat(64) }
  ])
  await refineNow(b)
  const [archive] = await archived(b)
  expect(archive?.raw?.startsWith(`[{"$blob":"${hash}","bytes":${inline.bytes.length}},`)).toBe(true)
  const stored = archive?.elements[0] as { readonly $blob: string }
  const element = await river.run(Effect.flatMap(Blobs, (blobs) => blobs.get(tenant, stored.$blob)))
  expect(sha256(element)).toBe((await records(jobId)).get("ticket/1")?.transformed_hash)
  expect((await letters(jobId)).map((l) => [l.source_id, l.error_class])).toEqual([["3", "BlobMissing"]])
})

it("writes nothing into a job that is approved", async () => {
  const jobId = await job()
  await river.sql((sql) => sql`update jobs set approval = '{}' where id = ${jobId}::uuid`)
  const b = batch(jobId, [rowOf(issue("1"), 0)])
  await river.run(deliver(b))
  const other = await job()
  await refineNow(batch(other, [rowOf(issue("1"), 0)]))
  expect((await records(jobId)).size).toBe(0)
  await river.run(untilState(b, "sent"))
})

it("does not wait for a batch of a job that has ended", async () => {
  const jobId = await job()
  const sending = batch(jobId, [rowOf(issue("1"), 0)])
  await river.run(manifest(sending, "sending"))
  await river.sql((sql) => sql`update jobs set state = 'cancelled' where id = ${jobId}::uuid`)
  const actor = `${jobId}/rows/ticket`
  const run = runOf({ stage: "refine", topic: recordTopic("raw", "ticket"), actor, id: `${actor}#1.0`, records: [] })
  await river.run(refine.handle(run))
  expect((await records(jobId)).size).toBe(0)
})

it("takes a person whom two streams bring under two ids", async () => {
  const jobId = await job()
  const rows = [
    rowOf({ entity: "person", record: person({ source_id: "agents/1", native_id: "1", is_agent: true }) }, 0),
    rowOf({ entity: "person", record: person({ source_id: "requesters/1", native_id: "1" }) }, 1)
  ]
  await refineNow({ jobId, entity: "person", number: 0, rows })
  const keys = await river.sql(
    (sql) => sql`select source_id, match_key, status from job_records where job_id = ${jobId}::uuid order by 1`
  )
  expect(keys).toEqual([
    { source_id: "agents/1", match_key: "ada@acme.example", status: "agent" },
    { source_id: "requesters/1", match_key: "ada@acme.example", status: "end-user" }
  ])
})
