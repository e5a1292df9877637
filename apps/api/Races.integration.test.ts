import type { JobView } from "@bridge/contract/Jobs"
import type { Summary } from "@bridge/contract/Review"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Caller, startApi, type TestApi } from "./TestApi.ts"
import { reviewedJob } from "./TestReview.ts"

let api: TestApi
let acme: Caller
let both: readonly [string, string]
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  both = await api.connections(acme)
})
afterAll(() => api.stop())

const rounds = 12

const eventsOf = async (id: string) =>
  (
    await api.owner<{ type: string }>((sql) => sql`select type from job_events where job_id = ${id}::uuid order by seq`)
  ).map((e) => e.type)

/** A job at its review, and what approves it. */
const atReview = async () => {
  const job = await reviewedJob(api, acme, both, [{ id: "1", subject: "First" }])
  const { approval } = (await acme.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)).body
  const say = (word: string, body?: unknown) => acme.post<JobView>(`/api/jobs/${job.id}/${word}`, body)
  return {
    id: job.id,
    approve: () => say("approve-loading", approval),
    remap: () => say("remap", { mappingId: job.mapping?.id, version: 1 }),
    cancel: () => say("cancel"),
    now: async () => {
      const [row] = await api.owner<{
        revision: number
        approval: { revision: number } | null
        settled: number | null
        cancel: boolean
      }>(
        (sql) => sql`select revision, approval, settled_revision as settled, cancel_requested as cancel
          from jobs where id = ${job.id}::uuid`
      )
      if (row === undefined) throw new Error("the job is gone")
      return { ...row, events: await eventsOf(job.id) }
    }
  }
}

describe("what people decide at the same moment", () => {
  it("two approvals are one", async () => {
    for (let i = 0; i < rounds; i++) {
      const job = await atReview()
      const replies = await Promise.all([job.approve(), job.approve(), job.approve()])
      assert.deepStrictEqual(
        replies.map((r) => r.status),
        [200, 200, 200]
      )
      const { events } = await job.now()
      assert.lengthOf(
        events.filter((e) => e === "approved"),
        1
      )
    }
  })

  it("an approval and another mapping never leave something approved that was not seen", async () => {
    const seen = new Set<number>()
    for (let i = 0; i < rounds; i++) {
      const job = await atReview()
      const order = i % 2 === 0 ? [job.approve(), job.remap()] : [job.remap(), job.approve()]
      const replies = await Promise.all(order)
      const [approved, remapped] = i % 2 === 0 ? replies : replies.toReversed()
      const now = await job.now()
      seen.add(approved?.status ?? 0)
      assert.strictEqual(remapped?.status, 200)
      assert.deepInclude(now, { revision: 2, approval: null, settled: null })
      assert.include([200, 409], approved?.status)
      assert.strictEqual(now.events.includes("approved"), approved?.status === 200)
      assert.strictEqual(now.events.at(-1), "mapping-changed")
    }
    assert.isNotEmpty(seen)
  })

  it("an approval after a cancellation is none", async () => {
    for (let i = 0; i < rounds; i++) {
      const job = await atReview()
      const order = i % 2 === 0 ? [job.approve(), job.cancel()] : [job.cancel(), job.approve()]
      const replies = await Promise.all(order)
      const approved = i % 2 === 0 ? replies[0] : replies[1]
      const now = await job.now()
      assert.isTrue(now.cancel)
      const [said, ended] = [now.events.indexOf("approved"), now.events.indexOf("job-cancel-requested")]
      assert.strictEqual(approved?.status, said < 0 ? 409 : 200)
      assert.isBelow(said, ended)
    }
  })
})

describe("an Idempotency-Key", () => {
  it("makes one job though connections break under the posts, and whoever asks again learns of it", async () => {
    const [source, destination] = both
    for (let round = 0; round < 5; round++) {
      const key = `broken ${round}`.replace(" ", "-")
      const post = () => acme.post<JobView>("/api/migrations", { source, destination, name: key }, key)
      const first = Array.from({ length: 4 }, post)
      for (let cut = 0; cut < 6; cut++) {
        await new Promise((later) => setTimeout(later, 5 + 7 * round))
        await api.owner(
          (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and state <> 'idle'
            and application_name not like '%-migrate'`
        )
      }
      for (const reply of await Promise.all(first)) assert.include([201, 503], reply.status, reply.text)
      const replies = [await post(), await post()]
      assert.deepStrictEqual(
        replies.map((r) => r.status),
        [201, 201]
      )
      const made = await api.owner<{ id: string }>((sql) => sql`select id from jobs where name = ${key}`)
      assert.deepStrictEqual(made, [{ id: replies[0]?.body.id ?? "" }])
      assert.strictEqual(replies[1]?.body.id, replies[0]?.body.id)
    }
  })
})
