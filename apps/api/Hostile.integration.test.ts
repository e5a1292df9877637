import { connect } from "node:net"
import type { JobView } from "@bridge/contract/Jobs"
import { Effect } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WebSocket } from "ws"
import { type Caller, refusedAs, startApi, type TestApi } from "./TestApi.ts"

let api: TestApi
let acme: Caller
let quiet: Caller
let job: JobView
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  quiet = await api.tenant("quiet")
  const [source, destination] = await api.connections(acme)
  job = (await acme.post<JobView>("/api/migrations", { source, destination })).body
})
afterAll(() => api.stop())

/** Bytes as they are, and all that comes back. */
const say = (text: string): Promise<string> =>
  new Promise((done) => {
    const socket = connect(Number(new URL(api.origin).port), "127.0.0.1", () => socket.write(text))
    let back = ""
    socket.on("data", (bytes) => {
      back += String(bytes)
    })
    socket.on("error", () => {})
    socket.on("close", () => done(back))
  })

const soon = <A>(promise: Promise<A>, millis = 3_000): Promise<A> =>
  Promise.race([
    promise,
    new Promise<never>((_, fail) => setTimeout(() => fail(new Error(`no answer in ${millis} ms`)), millis))
  ])

/** What the owner's transaction holds stays held until it is let go. */
const holding = async (statement: string) => {
  let letGo = (): void => {}
  const until = new Promise<void>((done) => {
    letGo = done
  })
  let held = (): void => {}
  const begun = new Promise<void>((done) => {
    held = done
  })
  const ended = api.owner((sql) =>
    sql.withTransaction(
      Effect.gen(function* () {
        yield* sql.unsafe(statement)
        held()
        yield* Effect.promise(() => until)
        return []
      })
    )
  )
  await begun
  return () => {
    letGo()
    return ended
  }
}

const bodies: ReadonlyArray<readonly [string, string]> = [
  ["/api/login", '{"email":"a\\u0000@acme.example","password":"x"}'],
  ["/api/login", '{"email":"a@acme.example","password":"\\ud800"}'],
  ["/api/connectors", '{"vendor":"freshservice","config":{"domain":"a\\u0000"}}'],
  ["/api/connectors", '{"vendor":"freshservice","config":{"\\udc00":1}}'],
  ["/api/mappings", `{"mapping":{"a":${"[".repeat(300_000)}${"]".repeat(300_000)}}}`],
  ["/api/mappings", '{"name":"\\u0000","mapping":{}}'],
  ["/api/tokens", '{"name":"a\\u0000b"}']
]

describe("a request with something that no database keeps", () => {
  it("is refused, wherever it stands", async () => {
    for (const [path, body] of bodies) refusedAs(await acme.ask("POST", path, body), 400, "invalid-request")
    for (const path of ["/api/jobs/%00", "/api/jobs?cursor=%00", `/api/jobs/${job.id}/records/ticket:%00`])
      refusedAs(await acme.get(path), 400, "invalid-request")
  })

  it("has an address that can be read, or there is none", async () => {
    for (const path of [`/api/jobs/%zz`, `/api/jobs/%ff`, `/api/jobs/${"x".repeat(3_000)}`])
      refusedAs(await acme.get(path), 404, "route-unknown")
    refusedAs(await acme.ask("PUT", `/api/jobs/${job.id}`), 405, "method-not-allowed")
  })

  it("has numbers that the database can count to", async () => {
    const far = "99999999999"
    refusedAs(await acme.get(`/api/mappings/${job.mapping?.id}?version=${far}`), 400, "invalid-request")
    const remap = { mappingId: job.mapping?.id, version: Number(far) }
    refusedAs(await acme.post(`/api/jobs/${job.id}/remap`, remap), 400, "invalid-request")
    const connection = { vendor: "freshservice", config: {}, share: 0.000_01 }
    refusedAs(await acme.post("/api/connectors/test", connection), 400, "invalid-request")
  })
})

describe("a request that is none", () => {
  it("gets a problem document, on the socket's address too", async () => {
    assert.match(await say("GARBAGE\r\n\r\n"), /^HTTP\/1\.1 400 .*\r\n(.*\r\n)*\r\n\{.*"invalid-request"/)
    const upgrade = `GET /api/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n`
    const version = `${upgrade}sec-websocket-key: x\r\nsec-websocket-version: 3\r\n\r\n`
    assert.match(await say(version), /^HTTP\/1\.1 400 .*\r\n(.*\r\n)*\r\n\{.*"invalid-request"/)
  })
})

describe("a tenant that lets the database work", () => {
  it("keeps no other tenant waiting, and no login", async () => {
    const letGo = await holding(`select 1 from jobs where id = '${job.id}' for update`)
    const waiting = Array.from({ length: 20 }, () => acme.post(`/api/jobs/${job.id}/pause`, undefined))
    try {
      assert.strictEqual((await soon(quiet.get("/api/jobs"))).status, 200)
      const login = { email: "admin@quiet.example", password: "the password of quiet" }
      assert.strictEqual((await soon(api.anybody.post("/api/login", login))).status, 200)
    } finally {
      await letGo()
    }
    assert.deepStrictEqual(new Set((await Promise.all(waiting)).map((r) => r.status)), new Set([200]))
  })
})

describe("a job that many begin to watch at once", () => {
  it("is not read for each of them", async () => {
    const headers = { authorization: `Bearer ${acme.token}` }
    const path = `${api.origin}/api/jobs/${job.id}/progress-stream`
    const stop = new AbortController()
    const first = await fetch(path, { headers, signal: stop.signal })
    await first.body?.getReader().read()
    const letGo = await holding("lock table job_streams in access exclusive mode")
    try {
      const others = Array.from({ length: 50 }, async () => {
        const answer = await fetch(path, { headers, signal: stop.signal })
        return (await answer.body?.getReader().read())?.value?.length ?? 0
      })
      for (const bytes of await soon(Promise.all(others), 1_500)) assert.isAbove(bytes, 0)
    } finally {
      await letGo()
      stop.abort()
    }
  })
})

const open = async () => {
  const ws = new WebSocket(`${api.origin.replace("http", "ws")}/api/live`, {
    headers: { authorization: `Bearer ${acme.token}` }
  })
  const messages: Array<Record<string, unknown>> = []
  ws.on("message", (bytes) => messages.push(JSON.parse(String(bytes)) as Record<string, unknown>))
  const until = async (test: (m: Record<string, unknown>) => boolean) => {
    for (let tries = 0; tries < 400; tries++) {
      const found = messages.find(test)
      if (found !== undefined) return found
      await new Promise((later) => setTimeout(later, 25))
    }
    throw new Error(`not among ${JSON.stringify(messages).slice(0, 500)}`)
  }
  await until((m) => m["type"] === "ready")
  return { ws, messages, until, say: (m: unknown) => ws.send(JSON.stringify(m)) }
}
const strangers = (count: number) => Array.from({ length: count }, () => crypto.randomUUID())

describe("a socket that asks for too much", () => {
  it("is told, and goes on", async () => {
    const s = await open()
    s.say({ type: "subscribe", jobs: strangers(201) })
    await s.until((m) => m["code"] === "invalid-request")
    s.messages.length = 0
    s.say({ type: "subscribe", jobs: strangers(150) })
    s.say({ type: "subscribe", jobs: strangers(150) })
    assert.include((await s.until((m) => m["code"] === "invalid-request"))["detail"], "At most 200 jobs")
    s.ws.close()
  })

  it("follows a job once, however its id is written", async () => {
    const s = await open()
    s.say({ type: "subscribe", jobs: [job.id, job.id.toUpperCase()] })
    await s.until((m) => m["type"] === "snapshot")
    const { body } = await acme.get<JobView>(`/api/jobs/${job.id}`)
    await acme.post(`/api/jobs/${job.id}/${body.paused ? "resume" : "pause"}`, undefined)
    await s.until((m) => m["type"] === "update")
    assert.lengthOf(
      s.messages.filter((m) => m["type"] === "snapshot"),
      1
    )
    s.ws.close()
  })

  it("is read as fast as it is answered, and its messages wait on its own side", async () => {
    const made = await acme.post("/api/tokens", { name: "flood", role: "viewer" })
    const letGo = await holding("lock table api_tokens in access exclusive mode")
    const ws = new WebSocket(`${api.origin.replace("http", "ws")}/api/live`, {
      headers: { authorization: `Bearer ${String(made.body["token"])}` }
    })
    try {
      await new Promise<void>((opened) => ws.on("open", () => opened()))
      const text = JSON.stringify({ type: "subscribe", jobs: strangers(200) })
      for (let i = 0; i < 4_000; i++) ws.send(text)
      await new Promise((later) => setTimeout(later, 1_000))
      assert.isAbove(ws.bufferedAmount, 1024 * 1024)
      assert.strictEqual((await soon(quiet.get("/api/profile"))).status, 200)
    } finally {
      ws.terminate()
      await letGo()
    }
  })
})

describe("an event stream", () => {
  it("counts from one when the last id is none of ours", async () => {
    for (const id of ["nonsense", "1e9", "-5", "99999999999999999999"]) {
      const stop = new AbortController()
      const answer = await fetch(`${api.origin}/api/jobs/${job.id}/progress-stream`, {
        headers: { authorization: `Bearer ${acme.token}`, "last-event-id": id },
        signal: stop.signal
      })
      const first = new TextDecoder().decode((await answer.body?.getReader().read())?.value)
      assert.match(first, /^id: ?1\n/m)
      stop.abort()
    }
  })
})

describe("a database that goes away under a request", () => {
  it("is a problem of the moment: 503, and soon all is as before", async () => {
    const letGo = await holding("lock table users, jobs in access exclusive mode")
    const waiting = [
      api.anybody.post("/api/login", { email: "admin@acme.example", password: "the password of acme" }),
      acme.get("/api/jobs"),
      quiet.get("/api/jobs")
    ]
    try {
      await new Promise((later) => setTimeout(later, 300))
      await api.owner(
        (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      )
      for (const reply of await soon(Promise.all(waiting))) refusedAs(reply, 503, "service-unavailable")
    } finally {
      await letGo()
    }
    assert.strictEqual((await acme.get("/api/jobs")).status, 200)
  })
})
