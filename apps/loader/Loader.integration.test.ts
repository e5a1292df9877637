import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { heldBy, type Lab, openLab, type Seed } from "./testing/Lab.ts"

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab?.close())

let nextId = 1
beforeEach(() => {
  lab.vendor.fate = () => "answer"
  lab.vendor.jobsKnown = true
  lab.vendor.jobPolls = 1
  lab.vendor.key = null
  lab.vendor.kept.length = 0
})

const people = (n: number, more: Record<string, unknown> = {}): ReadonlyArray<Seed> =>
  Array.from({ length: n }, () => {
    const id = String(nextId++)
    return {
      sourceId: `requesters/${id}`,
      body: { name: `P ${id}`, email: `p${id}@example.com`, ...more } as Seed["body"]
    }
  })

const tickets = (n: number, requester: string): ReadonlyArray<Seed> =>
  Array.from({ length: n }, () => ({
    sourceId: String(nextId++),
    body: { subject: "Printer" },
    meta: { description: { html_body: "<p>d</p>", created_at: "2024-01-01T00:00:00Z", public: true } },
    resolution: { refs: { requester_id: { entity: "person", sourceId: requester } } }
  }))

const ids = (seeds: ReadonlyArray<Seed>) => seeds.map((s) => s.sourceId).toSorted()

describe("loading", () => {
  it("writes every approved record once, tickets with their comments and references", async () => {
    const persons = people(12)
    const requester = persons[0]?.sourceId ?? ""
    const roots = tickets(7, requester)
    const comments = roots.map(
      (t): Seed => ({
        sourceId: String(nextId++),
        body: { html_body: "c", created_at: "2024-01-02T00:00:00Z", public: false },
        parentId: t.sourceId
      })
    )
    const job = await lab.job({ person: persons, ticket: roots, comment: comments })
    await lab.migrate(job)
    expect(heldBy(lab.vendor, "person").toSorted()).toEqual(ids(persons))
    expect(heldBy(lab.vendor, "ticket").toSorted()).toEqual(ids(roots))
    const ticket = lab.vendor.kept.find((k) => k.entity === "ticket")
    const person = lab.vendor.kept.find((k) => k.key.endsWith(requester))
    expect(ticket?.body).toMatchObject({
      requester_id: Number(person?.id),
      comments: [{ html_body: "<p>d</p>" }, { html_body: "c" }]
    })
    expect((await lab.outcomes(job, "ticket")).map((o) => o.outcome)).toEqual(roots.map(() => "created"))
    expect((await lab.outcomes(job, "comment")).map((o) => o.outcome)).toEqual(roots.map(() => "created"))
    const phases = await lab.rows(
      (sql) => sql`select entity, done from load_phases where job_id = ${job}::uuid order by phase`
    )
    expect(phases).toEqual([
      { entity: "person", done: true },
      { entity: "ticket", done: true }
    ])
    const events = await lab.rows(
      (sql) => sql`select count(*)::int as n from job_events where job_id = ${job}::uuid and type = 'phase-done'`
    )
    expect(events).toEqual([{ n: 2 }])
    const results = await lab.rows(
      (sql) =>
        sql`select sum(success_count)::int as ok, sum(failed_count)::int as bad from job_load_results where job_id = ${job}::uuid`
    )
    expect(results).toEqual([{ ok: 26, bad: 0 }])
  })

  it("writes nothing a second time when the same pair is migrated again", async () => {
    const persons = people(6)
    const roots = tickets(3, persons[0]?.sourceId ?? "")
    await lab.migrate(await lab.job({ person: persons, ticket: roots }))
    const before = lab.vendor.kept.length
    const again = await lab.job({ person: persons, ticket: roots })
    await lab.migrate(again)
    expect(lab.vendor.kept.length).toBe(before)
    expect(new Set((await lab.outcomes(again, "ticket")).map((o) => o.outcome))).toEqual(new Set(["skipped"]))
  })

  it("matches who is there already and does not change them", async () => {
    const [known] = people(1)
    lab.vendor.kept.push({
      id: "77",
      entity: "person",
      key: "",
      body: { name: "Old name", email: known?.body["email"] }
    })
    lab.vendor.kept.push({ id: "78", entity: "group", key: "", body: { name: "Sales" } })
    const job = await lab.job({
      person: [known as Seed, ...people(2)],
      group: [
        { sourceId: "g1", body: { name: "Sales" } },
        { sourceId: "g2", body: { name: "Ops" } }
      ]
    })
    await lab.migrate(job)
    expect((await lab.outcomes(job, "person"))[0]).toMatchObject({ outcome: "matched", destination_id: "77" })
    expect((await lab.outcomes(job, "group")).map((o) => o.outcome)).toEqual(["matched", "created"])
    expect(lab.vendor.kept.find((k) => k.id === "77")?.body["name"]).toBe("Old name")
  })

  it("goes on with the new key when the old one was refused, without a restart", async () => {
    lab.vendor.key = "second"
    const persons = people(3)
    const job = await lab.job({ person: persons, group: [{ sourceId: `g${nextId++}`, body: { name: "Keys" } }] })
    const loading = lab.migrate(job)
    const told = () =>
      lab.rows(
        (sql) => sql`select 1 from job_events where job_id = ${job}::uuid
      and type = 'connection-refused'`
      )
    await expect.poll(async () => (await told()).length).toBeGreaterThan(0)
    expect(lab.vendor.kept).toEqual([])
    lab.stored.key = "second"
    await loading
    expect(heldBy(lab.vendor, "person").toSorted()).toEqual(ids(persons))
    expect((await told()).length).toBe(1)
    lab.stored.key = "first"
  })

  it("tells what could not be written behind a record, and does not fail the record", async () => {
    const group: Seed = { sourceId: `g${nextId++}`, body: { name: `L${nextId++}`, labels: ["good", "bad"] } }
    const job = await lab.job({ group: [group] })
    await lab.migrate(job)
    expect((await lab.outcomes(job, "group")).map((o) => o.outcome)).toEqual(["created"])
    const events = await lab.rows<{ detail: { records: unknown } }>(
      (sql) => sql`select detail from job_events where job_id = ${job}::uuid and type = 'partly-loaded'`
    )
    expect(events[0]?.detail.records).toEqual([{ sourceId: group.sourceId, name: "bad", message: "bad is taken" }])
  })

  it("tells a refusal in the vendor's words, fails what refers to it, and goes on", async () => {
    const [bad] = people(1, { refuse: true })
    const good = people(2)
    const roots = [...tickets(1, bad?.sourceId ?? ""), ...tickets(1, good[0]?.sourceId ?? "")]
    const job = await lab.job({ person: [bad as Seed, ...good], ticket: roots })
    await lab.migrate(job)
    const failed = await lab.rows(
      (sql) =>
        sql`select entity, error from job_record_outcomes where job_id = ${job}::uuid and outcome = 'failed' order by entity`
    )
    expect(failed).toMatchObject([
      { entity: "person", error: { code: "RecordInvalid", message: "Subject: cannot be blank" } },
      { entity: "ticket", error: { code: "reference-not-loaded" } }
    ])
    expect(heldBy(lab.vendor, "person")).toHaveLength(2)
  })

  it("never keeps our key, not even where the vendor's words repeat it (promise 6)", async () => {
    const said = lab.vendor.refusal
    lab.vendor.refusal = `The key ${lab.stored.key} may not write this`
    const job = await lab.job({
      person: people(2, { refuse: true }),
      group: [{ sourceId: `g${nextId++}`, body: { refuse: true } }]
    })
    await lab.migrate(job)
    lab.vendor.refusal = said
    const told = await lab.rows((sql) => sql`select error from job_record_outcomes where job_id = ${job}::uuid`)
    expect(told).toHaveLength(3)
    for (const { error } of told) expect(error).toMatchObject({ message: "The key *** may not write this" })
  })

  it("counts a merged record where the one is that stands for it, whatever came first in the archive", async () => {
    const [twin, winner] = people(2)
    const merged = { ...(twin as Seed), resolution: { merged: { into: winner?.sourceId ?? "" } } }
    const roots = tickets(1, merged.sourceId)
    const job = await lab.job({ person: [merged, winner as Seed], ticket: roots })
    await lab.migrate(job)
    const outcomes = await lab.outcomes(job, "person")
    expect(outcomes.find((o) => o.source_id === merged.sourceId)).toMatchObject({
      outcome: "merged",
      destination_id: outcomes.find((o) => o.source_id === winner?.sourceId)?.destination_id
    })
    expect(heldBy(lab.vendor, "person")).toHaveLength(1)
    expect((await lab.outcomes(job, "ticket"))[0]?.outcome).toBe("created")
  })

  it.each(["lose", "cut", "fail", "fail-after", "throttle", "busy"] as const)(
    "writes once when a write meets: %s",
    async (fate) => {
      const persons = people(11)
      let left = 3
      lab.vendor.fate = () => (left-- > 0 ? fate : "answer")
      const job = await lab.job({ person: persons, group: [{ sourceId: `g-${fate}`, body: { name: `G ${fate}` } }] })
      await lab.migrate(job)
      expect(heldBy(lab.vendor, "person").toSorted()).toEqual(ids(persons))
      expect(lab.vendor.kept.filter((k) => k.entity === "group")).toHaveLength(1)
      expect(new Set((await lab.outcomes(job, "person")).map((o) => o.outcome))).toEqual(new Set(["created"]))
    }
  )

  it("waits for jobs that the vendor still has queued before it looks whether a lost call was carried out", async () => {
    lab.vendor.jobPolls = 6
    let lost = false
    lab.vendor.fate = () => {
      if (lost) return "answer"
      lost = true
      return "lose"
    }
    const persons = people(5)
    const job = await lab.job({ person: persons })
    await lab.migrate(job)
    expect(heldBy(lab.vendor, "person").toSorted()).toEqual(ids(persons))
  })

  it("writes nothing whose content is not what was approved (promise 3)", async () => {
    const persons = people(3)
    const job = await lab.job({ person: persons })
    await lab.services.runPromise(lab.release(job, "person"))
    await lab.rows(
      (sql) =>
        sql`update job_extracted_data set transformed_data = jsonb_set(transformed_data::jsonb, '{1,body,name}', '"Mallory"')::json where job_id = ${job}::uuid`
    )
    await lab.services.runPromise(lab.loadBatch(job, "person", 0))
    const outcomes = await lab.outcomes(job, "person")
    expect(outcomes.filter((o) => o.outcome === "failed").map((o) => o.error?.code)).toEqual(["not-as-approved"])
    expect(lab.vendor.kept.map((k) => k.body["name"])).not.toContain("Mallory")
    expect(lab.vendor.kept).toHaveLength(2)
  })

  it("releases nothing when a record was added after the approval (promise 3)", async () => {
    const job = await lab.job({ person: people(2) })
    await lab.rows(
      (sql) => sql`update jobs set approval = jsonb_set(approval, '{hashes,person}', '"other"') where id = ${job}::uuid`
    )
    await lab.services.runPromise(lab.release(job, "person"))
    await lab.services.runPromise(lab.release(job, "person"))
    expect(await lab.rows((sql) => sql`select 1 from load_batches where job_id = ${job}::uuid`)).toEqual([])
    expect(await lab.rows((sql) => sql`select type from job_events where job_id = ${job}::uuid`)).toEqual([
      { type: "release-refused" }
    ])
  })

  it("makes the stand-in once, before the first record that needs it, for this job and the next", async () => {
    const missing = (): ReadonlyArray<Seed> =>
      tickets(2, "x").map((t) => ({
        ...t,
        resolution: { refs: { requester_id: { entity: "person", missing: "99", use: "placeholder" } } }
      }))
    for (let round = 0; round < 2; round++) {
      const job = await lab.job(
        { ticket: missing() },
        { placeholder: { name: "Former user", email: "former@bridge.invalid" } }
      )
      await lab.migrate(job)
      expect((await lab.outcomes(job, "ticket")).map((o) => o.outcome)).toEqual(["created", "created"])
    }
    const standIns = lab.vendor.kept.filter((k) => k.entity === "person")
    expect(standIns).toHaveLength(1)
    expect(lab.vendor.kept.at(-1)?.body["requester_id"]).toBe(Number(standIns[0]?.id))
  })

  it("waits while the job is paused, and goes on where it stood", async () => {
    const persons = people(3)
    const job = await lab.job({ person: persons })
    await lab.services.runPromise(lab.release(job, "person"))
    await lab.rows((sql) => sql`update jobs set paused = true where id = ${job}::uuid`)
    const loading = lab.services.runPromise(lab.loadBatch(job, "person", 0))
    await new Promise((later) => setTimeout(later, 200))
    expect(lab.vendor.kept).toEqual([])
    await lab.rows((sql) => sql`update jobs set paused = false where id = ${job}::uuid`)
    await loading
    expect(heldBy(lab.vendor, "person")).toHaveLength(3)
  })

  it("sends a batch again whose message went astray", async () => {
    const job = await lab.job({ person: people(1) })
    await lab.services.runPromise(lab.release(job, "person"))
    const messages = () =>
      lab.rows<{ n: number }>(
        (sql) =>
          sql`select coalesce(sum(json_array_length(messages)), 0)::int as n from outbox where topic = 'bridge.approved.person.v1'`
      )
    const [before] = await messages()
    await lab.rows(
      (sql) => sql`update load_batches set updated_at = now() - interval '2 minutes' where job_id = ${job}::uuid`
    )
    await lab.services.runPromise(lab.release(job, "person"))
    expect((await messages())[0]?.n).toBe((before?.n ?? 0) + 1)
    await lab.services.runPromise(lab.release(job, "person"))
    expect((await messages())[0]?.n).toBe((before?.n ?? 0) + 1)
  })

  it("sends nothing more once the job is cancelled, and says what is there", async () => {
    const persons = people(5)
    const job = await lab.job({ person: persons })
    await lab.services.runPromise(lab.release(job, "person"))
    await lab.rows((sql) => sql`update jobs set cancel_requested = true where id = ${job}::uuid`)
    await lab.services.runPromise(lab.loadBatch(job, "person", 0))
    expect(lab.vendor.kept).toEqual([])
    expect(await lab.rows((sql) => sql`select state from load_batches where job_id = ${job}::uuid`)).toEqual([
      { state: "withdrawn" }
    ])
    expect(await lab.rows((sql) => sql`select 1 from load_ledger where last_job = ${job}::uuid`)).toEqual([])
  })

  it("leaves an outcome open, and says so, where the vendor's list of jobs tells nothing", async () => {
    lab.vendor.jobsKnown = false
    let lost = false
    lab.vendor.fate = () => {
      if (lost) return "answer"
      lost = true
      return "cut"
    }
    const persons = people(3)
    const job = await lab.job({ person: persons })
    const done = lab.migrate(job)
    const open = () =>
      lab.rows((sql) => sql`select 1 from job_events where job_id = ${job}::uuid and type = 'outcome-unknown'`)
    while ((await open()).length === 0) await new Promise((later) => setTimeout(later, 20))
    expect(lab.vendor.kept).toEqual([])
    await lab.rows(
      (sql) => sql`update load_ledger set intent = intent || '{"decided": "absent"}' where last_job = ${job}::uuid`
    )
    await done
    expect(heldBy(lab.vendor, "person").toSorted()).toEqual(ids(persons))
  })
})
