import type { JsonObject } from "@bridge/connectors/Connector"
import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { group, person } from "@bridge/mapping/testing/Samples"
import { unpacked } from "@bridge/store/RawData"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { RawRow } from "./Batch.ts"
import { type Desk, newJob, openDesk, reader, recordsOf, rowOf, type Sample, tenant } from "./testing/Desk.ts"
import { issue } from "./testing/People.ts"
import { deliver, openRiver, type River, type SentBatch, untilState } from "./testing/River.ts"

let desk: Desk
let river: River
/** While true, rows that say so cannot be read. */
let broken = true
const mending = {
  ...reader,
  normaliser: (stream: string) => {
    const normalise = reader.normaliser(stream)
    return normalise === null
      ? null
      : (row: JsonObject, parentId: string | null) =>
          normalise(row.fail === true && !broken ? { ...row, fail: false } : row, parentId)
  }
}
beforeAll(async () => {
  desk = await openDesk()
  river = await openRiver(desk, mending)
}, 120_000)
afterAll(async () => {
  await river?.stop()
  await desk?.stop()
})

const someone: Sample = { entity: "person", record: person({ departments: [] }) }
const refineNow = async (b: SentBatch) => {
  await river.run(deliver(b))
  await river.run(untilState(b, "refined"))
}
const batch = (jobId: string, entity: SentBatch["entity"], number: number, rows: ReadonlyArray<RawRow>): SentBatch => ({
  jobId,
  entity,
  number,
  rows
})
const records = (jobId: string) => desk.run(recordsOf(jobId))
const jobRow = (jobId: string) =>
  river.sql(
    (sql) =>
      sql<{
        revision: number
        settled: number | null
      }>`select revision, settled_revision as settled from jobs where id = ${jobId}::uuid`
  )
const seal = (jobId: string) =>
  river.sql((sql) => sql`update job_streams set ended = true, sealed_at = now() where job_id = ${jobId}::uuid`)
const eventsOf = async (jobId: string) =>
  (
    await river.sql(
      (sql) => sql<{ type: string }>`select type from job_events where job_id = ${jobId}::uuid order by seq`
    )
  ).map((e) => e.type)
/** What the api does when a mapping changes at data_ready. */
const changeMapping = (jobId: string, mapping: Mapping) =>
  river.sql((sql) =>
    Effect.gen(function* () {
      const [stored] = yield* sql<{
        id: string
      }>`insert into mappings (tenant_id, name, source_vendor, destination_vendor, body)
        values (${tenant}::uuid, 'm2', 'freshservice', 'zendesk', ${JSON.stringify(mapping)}::text::jsonb) returning id::text`
      yield* sql`update jobs set mapping_id = ${stored?.id ?? ""}::uuid, mapping_version = 1, revision = revision + 1, settled_revision = null,
        approval = null where id = ${jobId}::uuid`
    })
  )
const strict: Mapping = {
  ...freshserviceToZendesk,
  values: {
    ...freshserviceToZendesk.values,
    priority: { title: "priority", rows: { medium: "high" }, fallback: { use: "reject" } }
  }
}

it("settles a job when all its streams are sealed, not before, and once", async () => {
  const jobId = await desk.run(newJob())
  await refineNow(batch(jobId, "ticket", 0, [rowOf(issue("1"), 0)]))
  await refineNow(batch(jobId, "person", 0, [rowOf(someone, 0)]))
  await river.command("settle", jobId)
  expect(await jobRow(jobId)).toEqual([{ revision: 1, settled: null }])
  await seal(jobId)
  await river.command("settle", jobId)
  await river.command("settle", jobId)
  expect(await jobRow(jobId)).toEqual([{ revision: 1, settled: 1 }])
  expect(await eventsOf(jobId)).toEqual(["settled"])
  expect((await records(jobId)).get("ticket/1")?.resolution?.refs?.requester_id).toEqual({
    entity: "person",
    sourceId: "requesters/501"
  })
})

it("maps a job anew from its archive: new hashes, exclusions and decisions, the vendor's bytes as they were", async () => {
  const jobId = await desk.run(newJob())
  const member: Sample = {
    entity: "group-member",
    sourceId: "7/501",
    parentId: "7",
    record: {
      source_id: "7/501",
      native_id: "7/501",
      source_updated_at: null,
      created_at: null,
      group: "7",
      person: "501",
      role: "member",
      is_default: null
    }
  }
  await refineNow(
    batch(jobId, "ticket", 0, [
      rowOf(issue("1"), 0),
      rowOf(issue("2", { priority: "low" }), 1),
      rowOf(issue("3", { deleted: true }), 2)
    ])
  )
  await refineNow(
    batch(jobId, "ticket", 1, [rowOf({ ...issue("2", { priority: "low", subject: "newer" }), version: "9" }, 0)])
  )
  await refineNow(
    batch(jobId, "group", 0, [
      rowOf({ entity: "group", record: group({ source_id: "7", native_id: "7" }), derived: [member] }, 0)
    ])
  )
  await seal(jobId)
  await river.command("settle", jobId)
  const raw = () =>
    river.sql(
      (sql) =>
        sql`select entity_type, batch_number, md5(raw_data) from job_extracted_data where job_id = ${jobId}::uuid order by 1, 2`
    )
  const bytes = await raw()
  const before = await records(jobId)

  await changeMapping(jobId, strict)
  await river.command("settle", jobId)
  expect(await jobRow(jobId)).toEqual([{ revision: 2, settled: null }])
  await river.command("remap", jobId)
  await river.command("remap", jobId)
  expect(await raw()).toEqual(bytes)
  const after = await records(jobId)
  expect(after.get("ticket/1")).toMatchObject({ revision: 2, state: "ready", resolution: null })
  expect(after.get("ticket/1")?.transformed_hash).not.toBe(before.get("ticket/1")?.transformed_hash)
  expect(after.get("ticket/2")).toMatchObject({
    state: "excluded",
    reason: "unmapped priority low",
    batch: 1,
    transformed_hash: null
  })
  expect(after.get("group-member/7/501")?.transformed_hash).toBe(before.get("group-member/7/501")?.transformed_hash)
  await river.command("settle", jobId)
  expect(await jobRow(jobId)).toEqual([{ revision: 2, settled: 2 }])

  await changeMapping(jobId, freshserviceToZendesk)
  await river.command("remap", jobId)
  await river.command("settle", jobId)
  const back = await records(jobId)
  const view = (rows: typeof back) =>
    [...rows].map(([id, { resolution, state, transformed_hash }]) => [id, state, transformed_hash, resolution])
  expect(view(back)).toEqual(view(before))
  expect(await eventsOf(jobId)).toEqual(["settled", "remapped", "settled", "remapped", "settled"])
})

it("leaves an approved job as it is", async () => {
  const jobId = await desk.run(newJob())
  await refineNow(batch(jobId, "ticket", 0, [rowOf(issue("1"), 0)]))
  await seal(jobId)
  await river.command("settle", jobId)
  const before = await records(jobId)
  await changeMapping(jobId, strict)
  await river.sql((sql) => sql`update jobs set approval = '{"revision": 2}' where id = ${jobId}::uuid`)
  for (const type of ["remap", "settle", "redrive"] as const) await river.command(type, jobId)
  expect(await records(jobId)).toEqual(before)
  expect(await jobRow(jobId)).toEqual([{ revision: 2, settled: null }])
})

it("takes dead rows up again once they can be read: into their places, and the settling is void", async () => {
  const jobId = await desk.run(newJob())
  const member: Sample = {
    entity: "group-member",
    sourceId: "8/1",
    parentId: "8",
    record: {
      source_id: "8/1",
      native_id: "8/1",
      source_updated_at: null,
      created_at: null,
      group: "8",
      person: "1",
      role: "member",
      is_default: null
    }
  }
  const rows = [rowOf(issue("1"), 0), rowOf(issue("2"), 1, { fail: true }), rowOf(issue("3"), 2)]
  const groups = [
    rowOf(
      { entity: "group", record: group({ source_id: "7", native_id: "7" }), derived: [{ ...member, sourceId: "7/1" }] },
      0
    ),
    rowOf({ entity: "group", record: group({ source_id: "8", native_id: "8" }), derived: [member] }, 1, { fail: true })
  ]
  await refineNow(batch(jobId, "ticket", 0, rows))
  await refineNow(batch(jobId, "group", 0, groups))
  await seal(jobId)
  await river.command("settle", jobId)
  const letters = () =>
    river.sql(
      (sql) =>
        sql`select source_id, redrive, state from dead_letters where job_id = ${jobId}::uuid order by source_id, redrive`
    )

  await river.command("redrive", jobId)
  expect(await letters()).toEqual([
    { source_id: "2", redrive: 0, state: "redriven" },
    { source_id: "2", redrive: 1, state: "open" },
    { source_id: "8", redrive: 0, state: "redriven" },
    { source_id: "8", redrive: 1, state: "open" }
  ])
  broken = false
  await river.command("redrive", jobId)
  expect(await letters()).toEqual([
    { source_id: "2", redrive: 0, state: "redriven" },
    { source_id: "2", redrive: 1, state: "resolved" },
    { source_id: "8", redrive: 0, state: "redriven" },
    { source_id: "8", redrive: 1, state: "resolved" }
  ])
  const [archive] = await river.sql(
    (sql) => sql<{ raw: Uint8Array; n: number; element: unknown }>`select raw_data as raw, record_count as n,
      transformed_data -> 1 as element from job_extracted_data where job_id = ${jobId}::uuid and entity_type = 'ticket'`
  )
  const raw = await Effect.runPromise(unpacked(archive?.raw ?? new Uint8Array()))
  expect(raw.toString()).toBe(`[${rows.map((row) => row.bytes.toString()).join(",")}]`)
  expect(archive).toMatchObject({ n: 3, element: { body: { subject: "Printer on fire" } } })
  const members = await river.sql(
    (sql) => sql<{
      ids: ReadonlyArray<string>
    }>`select jsonb_path_query_array(transformed_data::jsonb, '$[*].refs.group_id.nativeId') as ids
    from job_extracted_data where job_id = ${jobId}::uuid and entity_type = 'group-member'`
  )
  expect(members).toHaveLength(1)
  const found = await records(jobId)
  expect([...found.keys()].filter((id) => !id.startsWith("group"))).toEqual(["ticket/1", "ticket/2", "ticket/3"])
  expect(found.get("group-member/8/1")).toMatchObject({ batch: 0, position: 1 })
  expect(await jobRow(jobId)).toEqual([{ revision: 1, settled: null }])
  await river.command("settle", jobId)
  expect(await jobRow(jobId)).toEqual([{ revision: 1, settled: 1 }])
})
