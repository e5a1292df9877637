import type { JobView } from "@bridge/contract/Jobs"
import type { JobProgress, LiveMessage } from "@bridge/contract/Live"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WebSocket } from "ws"
import { type Caller, refusedAs, startApi, type TestApi } from "./TestApi.ts"
import { archived } from "./TestReview.ts"

let api: TestApi
let acme: Caller
let source: string
let destination: string
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  const both = await api.connections(acme)
  source = both[0]
  destination = both[1]
})
afterAll(() => api.stop())

const begin = async () => (await acme.post<JobView>("/api/migrations", { source, destination })).body
const update = (id: string, assignments: string) =>
  api.sql(acme.tenantId, (sql) => sql.unsafe(`update jobs set ${assignments} where id = '${id}'`))
const batch = (id: string, number: number, rows: number) =>
  api.sql(
    acme.tenantId,
    (sql) => sql`insert into job_batches (tenant_id, job_id, stream, entity, number, epoch, rows, bytes, hash, state)
      values (${acme.tenantId}::uuid, ${id}::uuid, 'tickets', 'ticket', ${number}, 1, ${rows}, 1, 'h', 'sent')`
  )

interface Event {
  readonly id: string
  readonly event: string
  readonly data: JobProgress
}

/** Reads events as they come; `next` waits for one, `ended` for the end of the answer. */
const stream = async (id: string, lastEventId?: string) => {
  const stop = new AbortController()
  const answer = await fetch(`${api.origin}/api/jobs/${id}/progress-stream`, {
    headers: {
      authorization: `Bearer ${acme.token}`,
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId })
    },
    signal: stop.signal
  })
  const events = (async function* (): AsyncGenerator<Event> {
    let text = ""
    for await (const chunk of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const fields = new Map(
          text
            .slice(0, end)
            .split("\n")
            .map((l) => [l.slice(0, l.indexOf(":")), l.slice(l.indexOf(":") + 1).trim()] as const)
        )
        text = text.slice(end + 2)
        yield {
          id: fields.get("id") ?? "",
          event: fields.get("event") ?? "",
          data: JSON.parse(fields.get("data") ?? "null")
        }
      }
    }
  })()
  const next = async (): Promise<Event> => {
    const { done, value } = await events.next()
    if (done === true) throw new Error("the stream has ended")
    return value
  }
  const rest = async (): Promise<ReadonlyArray<Event>> => {
    const all: Array<Event> = []
    for await (const e of events) all.push(e)
    return all
  }
  return { answer, next, rest, stop: () => stop.abort() }
}

// Side by side: each follows a job of its own, and sessions are looked at only now and then.
describe.concurrent("the event stream of a job", () => {
  it("begins with a snapshot, numbers what follows, and ends with the job", async () => {
    const job = await begin()
    const s = await stream(job.id)
    assert.match(s.answer.headers.get("content-type") ?? "", /^text\/event-stream/)
    const first = await s.next()
    assert.deepInclude(first, { id: "1", event: "snapshot" })
    assert.strictEqual(first.data.state, "queued")
    await batch(job.id, 0, 500)
    const second = await s.next()
    assert.deepInclude(second, { id: "2", event: "progress" })
    assert.strictEqual(second.data.entities.find((e) => e.entity === "ticket")?.extracted, 500)
    await update(job.id, "state = 'cancelled', ended_at = now()")
    const rest = await s.rest()
    assert.strictEqual(rest.at(-1)?.event, "end")
    assert.strictEqual(rest.at(-1)?.data.state, "cancelled")
    const numbers = [first, second, ...rest].map((e) => Number.parseInt(e.id, 10))
    assert.deepStrictEqual(
      numbers,
      numbers.map((_, i) => i + 1)
    )
  })

  it("counts rows while they come, and a record that came twice once when it is known for one", async () => {
    const job = await begin()
    const tickets = ["1", "2", "3"].map((id) => ({ id, subject: `T${id}` }))
    await archived(api, acme, job.id, 0, tickets)
    await batch(job.id, 1, 2)
    const ended = "update job_streams set ended = true, taken = 5 where stream = 'tickets' and job_id ="
    await api.sql(acme.tenantId, (sql) => sql.unsafe(`${ended} '${job.id}'`))
    const extracted = async () => {
      const s = await stream(job.id)
      const { data } = await s.next()
      s.stop()
      return data.entities.find((e) => e.entity === "ticket")
    }
    assert.deepInclude(await extracted(), { archived: 3, extracted: 5, expected: 5 })
    await api.sql(acme.tenantId, (sql) =>
      sql.unsafe(`update job_batches set state = 'refined' where job_id = '${job.id}'`)
    )
    assert.deepInclude(await extracted(), { archived: 3, extracted: 3, expected: 3 })
    await update(job.id, "state = 'data_ready'")
    assert.deepInclude(await extracted(), { archived: 3, extracted: 3, expected: null })
  })

  it("goes on from Last-Event-ID, and stays away after the end", async () => {
    const job = await begin()
    const s = await stream(job.id, "41")
    assert.deepInclude(await s.next(), { id: "42", event: "snapshot" })
    s.stop()
    await update(job.id, "state = 'completed'")
    const ended = await stream(job.id, "42")
    const events = await ended.rest()
    assert.deepStrictEqual(
      events.map((e) => [e.id, e.event]),
      [
        ["43", "snapshot"],
        ["44-end", "end"]
      ]
    )
    assert.strictEqual((await stream(job.id, "44-end")).answer.status, 204)
  })

  it("is told within a second by a message on the topic, and at most ten times a second", async () => {
    const job = await begin()
    const s = await stream(job.id)
    await s.next()
    const began = Date.now()
    for (let i = 0; i < 20; i++) {
      await batch(job.id, i, 1)
      await acme.post(`/api/jobs/${job.id}/${i % 2 === 0 ? "pause" : "resume"}`, undefined)
    }
    const seen: Array<Event> = []
    while (seen.at(-1)?.data.entities.find((e) => e.entity === "ticket")?.extracted !== 20) seen.push(await s.next())
    const seconds = (Date.now() - began) / 1000
    assert.isAtMost(seen.length, Math.ceil(seconds * 10) + 1)
    s.stop()
  })

  it("does not keep the service from stopping", async () => {
    const other = await startApi()
    const tenant = await other.tenant("quick")
    const [from, to] = await other.connections(tenant)
    const { body } = await tenant.post<JobView>("/api/migrations", { source: from, destination: to })
    const headers = { authorization: `Bearer ${tenant.token}` }
    const answer = await fetch(`${other.origin}/api/jobs/${body.id}/progress-stream`, { headers })
    const socket = new WebSocket(`${other.origin.replace("http", "ws")}/api/live`, { headers })
    await new Promise((ready) => socket.on("message", ready))
    const closed = new Promise<number>((code) => socket.on("close", code))
    const began = Date.now()
    await other.stop()
    assert.isBelow(Date.now() - began, 2_500)
    assert.strictEqual(await closed, 1012)
    assert.strictEqual(answer.status, 200)
  })

  it("is cut when its session ends", async () => {
    const job = await begin()
    const login = await api.anybody.post("/api/login", {
      email: "admin@acme.example",
      password: "the password of acme"
    })
    const headers = { authorization: `Bearer ${String(login.body["accessToken"])}` }
    const answer = await fetch(`${api.origin}/api/jobs/${job.id}/progress-stream`, { headers })
    const socket = open(headers)
    await socket.next()
    const whole = answer.text()
    await api.anybody.ask("POST", "/api/logout", undefined, headers)
    assert.notInclude(await whole, "event: end")
    assert.deepInclude(await socket.next(), { type: "problem", code: "sign-in-needed" })
    assert.strictEqual(await socket.closed, 4401)
  }, 30_000)

  it("is not there for another tenant", async () => {
    const job = await begin()
    const stranger = await api.tenant("streamer")
    refusedAs(await stranger.get(`/api/jobs/${job.id}/progress-stream`), 404, "job-unknown")
    refusedAs(await api.anybody.get(`/api/jobs/${job.id}/progress-stream`), 401, "sign-in-needed")
  })
})

/** A socket with its messages in order. */
const open = (headers: Readonly<Record<string, string>> = {}) => {
  const ws = new WebSocket(`${api.origin.replace("http", "ws")}/api/live`, { headers })
  const messages: Array<LiveMessage> = []
  const waiting: Array<() => void> = []
  ws.on("message", (bytes) => {
    messages.push(JSON.parse(String(bytes)))
    for (const wake of waiting.splice(0)) wake()
  })
  const closed = new Promise<number>((code) => ws.on("close", code))
  let read = 0
  const next = async (): Promise<LiveMessage> => {
    while (messages.length <= read) await new Promise<void>((wake) => waiting.push(wake))
    return messages[read++] as LiveMessage
  }
  const ready = new Promise<void>((opened) => ws.on("open", () => opened()))
  return { ws, next, closed, ready, say: (m: unknown) => ws.send(JSON.stringify(m)) }
}

describe("the socket", () => {
  it("takes a token in the header or in a first message, and nothing without one", async () => {
    const byHeader = open({ authorization: `Bearer ${acme.token}` })
    assert.deepStrictEqual(await byHeader.next(), { type: "ready", tenantId: acme.tenantId })
    byHeader.ws.close()
    const byMessage = open()
    await byMessage.ready
    byMessage.say({ type: "auth", token: acme.token })
    assert.strictEqual((await byMessage.next()).type, "ready")
    byMessage.ws.close()
    for (const first of [{ type: "auth", token: "wrong" }, { type: "subscribe", tenant: true }, "nonsense"]) {
      const nobody = open()
      await nobody.ready
      nobody.say(first)
      assert.deepInclude(await nobody.next(), { type: "problem", code: "sign-in-needed" })
      assert.strictEqual(await nobody.closed, 4401)
    }
  })

  it("takes the cookie from our own pages only", async () => {
    const login = await api.anybody.post("/api/login", {
      email: "admin@acme.example",
      password: "the password of acme"
    })
    const cookie = login.headers
      .getSetCookie()
      .map((c) => c.split(";")[0])
      .join("; ")
    const own = open({ cookie, origin: api.origin })
    assert.strictEqual((await own.next()).type, "ready")
    own.ws.close()
    const foreign = open({ cookie, origin: "https://evil.example" })
    await foreign.ready
    foreign.say({ type: "subscribe", tenant: true })
    assert.deepInclude(await foreign.next(), { type: "problem", code: "sign-in-needed" })
  })

  it("gives a snapshot of each job and numbers what follows, until the job ends", async () => {
    const [one, two] = [await begin(), await begin()]
    const s = open({ authorization: `Bearer ${acme.token}` })
    await s.next()
    s.say({ type: "subscribe", jobs: [one.id, two.id] })
    const firsts = [await s.next(), await s.next()]
    assert.deepStrictEqual(
      firsts.map((m) => [m.type, "n" in m && m.n]),
      [
        ["snapshot", 1],
        ["snapshot", 1]
      ]
    )
    await batch(one.id, 0, 7)
    const update1 = await s.next()
    assert.deepInclude(update1, { type: "update", n: 2 })
    assert.strictEqual("job" in update1 && update1.job.jobId, one.id)
    await update(two.id, "state = 'failed', ended_at = now()")
    const seen: Array<LiveMessage> = []
    while (seen.at(-1)?.type !== "end") seen.push(await s.next())
    const end = seen.at(-1)
    assert.strictEqual(end !== undefined && "job" in end && end.job.jobId, two.id)
    s.ws.close()
  })

  it("follows all jobs of the tenant, and new ones too", async () => {
    const s = open({ authorization: `Bearer ${acme.token}` })
    await s.next()
    s.say({ type: "subscribe", tenant: true })
    const job = await begin()
    for (;;) {
      const m = await s.next()
      if ("job" in m && m.job.jobId === job.id) break
    }
    s.ws.close()
  })

  it("knows no job of another tenant", async () => {
    const job = await begin()
    const stranger = await api.tenant("listener")
    const s = open({ authorization: `Bearer ${stranger.token}` })
    await s.next()
    s.say({ type: "subscribe", jobs: [job.id] })
    assert.deepInclude(await s.next(), { type: "problem", code: "job-unknown" })
    s.say({ type: "wrong" })
    assert.deepInclude(await s.next(), { type: "problem", code: "invalid-request" })
    s.ws.close()
  })

  it("leaves other upgrades to their own refusal", async () => {
    const ws = new WebSocket(`${api.origin.replace("http", "ws")}/api/other`)
    const status = await new Promise<number>((answer) => {
      ws.on("unexpected-response", (_, response) => answer(response.statusCode ?? 0))
      ws.on("error", () => {})
    })
    assert.strictEqual(status, 404)
  })
})

describe("a page that was stored", () => {
  it("is told on the socket at once, however quickly pages follow each other", async () => {
    const job = await begin()
    const s = open({ authorization: `Bearer ${acme.token}` })
    await s.next()
    s.say({ type: "subscribe", jobs: [job.id] })
    await s.next()
    const heard: Array<{ at: number; rows: number }> = []
    s.ws.on("message", (bytes) => {
      const m = JSON.parse(String(bytes)) as LiveMessage
      const rows = "job" in m ? m.job.entities.find((e) => e.entity === "ticket")?.extracted : undefined
      if (rows !== undefined) heard.push({ at: performance.now(), rows })
    })
    const pages: Array<number> = []
    for (let page = 0; page < 40; page++) {
      await batch(job.id, page, 1)
      pages.push(performance.now())
      await api.progress(acme.tenantId, job.id, 1)
      await new Promise((later) => setTimeout(later, 17 * (page % 5)))
    }
    while ((heard.at(-1)?.rows ?? 0) < pages.length) await new Promise((later) => setTimeout(later, 20))
    const waits = pages.map((at, page) => (heard.find((h) => h.rows > page)?.at ?? 0) - at).toSorted((a, b) => a - b)
    // The 300 ms for 95 of 100 are measured by `npm run bench -- live`; here other tests run beside.
    assert.isAtMost(waits[Math.floor(waits.length / 2)] ?? 0, 300)
    s.ws.close()
  })
})
