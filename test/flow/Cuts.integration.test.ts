import { sha256 } from "@bridge/domain/Canonical"
import { chainOf, cutSteps } from "@bridge/flow/Cuts"
import { header } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import { Consumers, type Rec } from "@bridge/kafka/Broker"
import { Schemas } from "@bridge/kafka/Schemas"
import { refiner } from "@bridge/refiner/main"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { insertJob, type World, world } from "../harness/World.ts"
import { archivedRows, extractorWith, reviewable } from "./Rig.ts"

const entities = ["ticket", "comment", "person", "group", "group-member", "department"] as const
let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 60, seed: 21, limits: false, growth: false })
})
afterAll(() => sandbox?.stop())

/** All records of a job in a topic, until `enough` have come. */
const recordsOf = (w: World, topic: string, job: string, enough: number) =>
  w.use(
    Effect.scoped(
      Effect.gen(function* () {
        const consumers = yield* Consumers
        const found: Array<Rec> = []
        yield* consumers.open({
          groupId: `test.cuts.${process.pid}.${Math.random()}`,
          topics: [topic],
          onAssigned: async () => {},
          onRebalancing: () => {},
          onRecords: (_topic, _partition, records) => {
            found.push(...records.filter((rec) => header(rec, "ce_subject")?.startsWith(job)))
          }
        })
        yield* Effect.sleep("50 millis").pipe(Effect.repeat({ until: () => found.length >= enough }))
        return found
      })
    )
  )

/** What one run of the chain leaves: its records with all hashes, and the normalized topics, without ids of tenant and job. */
const run = async (cut: string) => {
  const w = await world(sandbox, { BRIDGE_REFINE_CUT: cut })
  const stop = w.start("services", Layer.mergeAll(scheduler, extractorWith(), refiner))
  const job = await insertJob(w, sandbox, entities)
  await reviewable(w, job)
  const records = await w.rows<{ entity: string }>(
    (
      sql
    ) => sql`select entity, source_id, native_id, parent_id, version, raw_hash, transformed_hash, state, reason, match_key,
        sort_key, title, status, warnings, refs, resolution
      from job_records where job_id = ${job}::uuid order by entity collate "C", source_id collate "C"`
  )
  const streamed = await Promise.all(
    entities.map(async (entity) => (await archivedRows(w, job, entity)).map(({ body }) => `${entity} ${sha256(body)}`))
  )
  const archive = streamed.flat().toSorted()
  const elements = await w.rows(
    (sql) => sql`select d.entity_type, e::text as element from job_extracted_data d
      cross join lateral json_array_elements(d.transformed_data) as t(e)
      where d.job_id = ${job}::uuid and json_typeof(e) = 'object' order by 1, e::text collate "C"`
  )
  const normalized = await Promise.all(
    entities.map(async (entity) => {
      const count = records.filter((record) => record.entity === entity).length
      const topic = recordTopic("normalized", entity)
      const found = await recordsOf(w, topic, job, count)
      const decoded = await w.use(
        Effect.gen(function* () {
          const schemas = yield* Schemas
          const codec = yield* schemas.codecFor<Record<string, unknown>>({
            name: topic,
            schema: `normalized-${entity}`
          })
          yield* codec.prepare(found.flatMap(({ value }) => value ?? []))
          return found.map(({ value }) => {
            const {
              connection_id: _c,
              job_id: _j,
              observed_at: _o,
              tenant_id: _t,
              ...rest
            } = codec.decode(value ?? Buffer.of())
            return JSON.stringify(rest)
          })
        })
      )
      return [...new Set(decoded)].toSorted()
    })
  )
  const passed: Record<string, readonly [records: number, made: number]> = {}
  const raw = records.filter((record) => record.entity === "ticket").length
  for (const { stage, writes } of chainOf(cutSteps.filter((step) => cut.split(",").includes(step))).links) {
    const found = await recordsOf(w, recordTopic(writes, "ticket"), job, raw)
    passed[stage] = [found.length, found.filter((rec) => header(rec, "bridge_made") !== undefined).length]
  }
  await stop()
  await w.stop()
  return { passed, tickets: raw, results: { records, archive, elements, normalized } }
}

let fused: ReturnType<typeof run>
beforeAll(() => {
  fused = run("")
  return fused
})

it.each(["process", "resolve", "process,resolve"])(
  "gives the same archive, records and normalized topics where the refiner's chain is cut behind %s",
  async (cut) => {
    const whole = await fused
    expect(whole.tickets).toBe(60)
    expect(whole.results.archive.length).toBeGreaterThan(200)
    expect(whole.passed).toEqual({})
    const { passed, results } = await run(cut)
    expect(results).toEqual(whole.results)
    // Every ticket came through the topic, with what was made of it.
    expect(passed).toEqual(Object.fromEntries(cut.split(",").map((stage) => [stage, [60, 60]])))
  }
)
