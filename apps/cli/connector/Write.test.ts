// `bridge connector write`: what becomes of each line when the vendor answers, refuses, hangs up or works in the background.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { json, type Respond } from "@bridge/http/TestVendor"
import { afterAll, describe, expect, it } from "vitest"
import { ran } from "./TestRun.ts"

type Response = Parameters<Respond>[1]

const dir = mkdtempSync(join(tmpdir(), "bridge-write-"))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const zd = join(dir, "zd.json")
writeFileSync(zd, JSON.stringify({ subdomain: "acme", email: "me@x.org", api_token: "the-token" }))

describe("bridge connector write", () => {
  const write = (stream: string) => ["write", "--connector", "zendesk", "--config", zd, "--stream", stream]
  const line = (sourceId: string, data: object) => `${JSON.stringify({ sourceId, data })}\n`

  /** Users in memory; `lose` answers that number of creates with silence cut short. */
  const users = (lose = 0): Respond => {
    const kept: Array<Record<string, unknown>> = []
    let lost = lose
    return (call, response) => {
      const { pathname, searchParams } = call.url
      if (pathname === "/api/v2/users" && call.method === "POST") {
        const { user } = JSON.parse(call.body)
        if (kept.some(({ email }) => email !== undefined && email === user.email))
          return json(response, 422, {
            error: "RecordInvalid",
            details: { email: [{ description: "Email: taken", error: "DuplicateValue" }] }
          })
        kept.push({ id: kept.length + 1, ...user })
        if (lost-- > 0) return response.socket?.destroy()
        return json(response, 201, { user: kept.at(-1) })
      }
      if (pathname === "/api/v2/users")
        return json(response, 200, {
          users: kept.filter(({ external_id }) => external_id === searchParams.get("external_id"))
        })
      if (pathname === "/api/v2/users/search")
        return json(response, 200, {
          users: kept.filter(({ email }) => searchParams.get("query")?.includes(String(email)) === true)
        })
      if (pathname === "/api/v2/job_statuses") return json(response, 200, { job_statuses: [] })
      return json(response, 404, {})
    }
  }

  it("tells what became of each line, and creates nothing the second time", async () => {
    const respond = users()
    const input = line("u1", { name: "A", email: "a@x.org", external_id: "k:1" })
    expect(await ran(write("users"), respond, input)).toMatchObject({
      code: 0,
      lines: [{ type: "result", stream: "users", sourceId: "u1", outcome: "created", destinationId: "1", error: null }]
    })
    expect((await ran(write("users"), respond, input)).lines).toMatchObject([
      { outcome: "skipped", destinationId: "1" }
    ])
    const same = line("u2", { name: "A too", email: "a@x.org" })
    expect((await ran(write("users"), respond, same)).lines).toMatchObject([{ outcome: "matched", destinationId: "1" }])
  })

  it("looks for a record whose answer was lost, and does not write it twice (promise 4)", async () => {
    const run = await ran(write("users"), users(1), line("u1", { name: "A" }))
    expect(run).toMatchObject({ code: 0, lines: [{ outcome: "created", destinationId: "1" }] })
  })

  it("ends with 4 and the vendor's words when a record fails, and with a word on lines that are none", async () => {
    const refuse: Respond = (call, response) =>
      call.method === "POST"
        ? json(response, 422, { error: "RecordInvalid", description: "Name: cannot be blank" })
        : json(response, 200, { users: [] })
    const run = await ran(write("users"), refuse, `${line("u1", { email: "x@y.z" })}no json\n\n{"data":{}}\n`)
    expect(run.code).toBe(4)
    expect(run.lines.map(({ outcome, sourceId }) => [sourceId, outcome]).toSorted()).toEqual([
      ["", "failed"],
      ["", "failed"],
      ["u1", "failed"]
    ])
    expect(run.text).toContain("Name: cannot be blank")
  })

  it("takes a first line with a byte order mark, and a key that is a number", async () => {
    const respond = users()
    const input = line("u1", { name: "A", external_id: 77 })
    expect(await ran(write("users"), respond, `\uFEFF${input}`)).toMatchObject({
      code: 0,
      lines: [{ sourceId: "u1", outcome: "created" }]
    })
    expect((await ran(write("users"), respond, line("u2", { name: "B", external_id: "77" }))).lines).toMatchObject([
      { sourceId: "u2", outcome: "skipped", destinationId: "1" }
    ])
  })

  /** Tickets by import, one by one; `fault` may answer the POST of that number otherwise, done or not. */
  const importer = (fault: (number: number, done: () => void) => ((response: Response) => unknown) | undefined) => {
    const kept: Array<Record<string, unknown>> = []
    let posts = 0
    const respond: Respond = (call, response) => {
      const { pathname, searchParams } = call.url
      if (pathname === "/api/v2/job_statuses") return json(response, 200, { job_statuses: [] })
      if (call.method === "GET")
        return json(response, 200, {
          tickets: kept.filter(({ external_id }) => external_id === searchParams.get("external_id"))
        })
      const done = () => kept.push({ id: kept.length + 1, ...JSON.parse(call.body).ticket })
      const spoilt = fault(++posts, done)
      if (spoilt !== undefined) return spoilt(response)
      done()
      return json(response, 201, { ticket: kept.at(-1) })
    }
    return { respond, kept, posts: () => posts }
  }
  const ticket = (key: string) => line(key, { subject: key, external_id: key, comments: [{ value: "x" }] })

  it("writes a source key that comes twice once, wherever it stands", async () => {
    const vendor = importer(() => undefined)
    const many = (call: Parameters<Respond>[0], response: Parameters<Respond>[1], number: number) =>
      call.url.pathname.endsWith("create_many") ? json(response, 422, {}) : vendor.respond(call, response, number)
    const run = await ran(write("tickets"), many, ticket("k1") + ticket("k2") + ticket("k1"))
    expect(run.lines.map(({ outcome }) => outcome)).toEqual(["created", "created", "skipped"])
    expect(vendor.kept).toHaveLength(2)
  })

  it("gives every line a result when the vendor goes away, and writes nothing it could not look for", async () => {
    const vendor = importer(() => undefined)
    const gone: Respond = (call, response, number) =>
      call.url.searchParams.get("external_id") === "k2"
        ? json(response, 400, {})
        : vendor.respond(call, response, number)
    const input = `${ticket("k1")}${ticket("k2")}${ticket("k3")}`
    const run = await ran(write("tickets"), gone, input)
    expect(run.code).toBe(4)
    expect(run.lines).toHaveLength(3)
    expect(run.lines[1]).toMatchObject({ sourceId: "k2", outcome: "failed", destinationId: null })
    expect(run.words).toContain("400")
  })

  it("ends with 4 on refused credentials too, with the vendor's word", async () => {
    const refused: Respond = (_call, response) => json(response, 401, { error: "Couldn't authenticate you" })
    const run = await ran(write("users"), refused, line("u1", { name: "A" }))
    expect(run).toMatchObject({ code: 4, lines: [{ sourceId: "u1", outcome: "failed" }] })
    expect(run.words).toContain("401")
  })

  it("calls unknown what may have been written and cannot be found", async () => {
    const blind = importer((_number, done) => (response) => {
      done()
      response.socket?.destroy()
    })
    let lost = false
    const respond: Respond = (call, response, number) => {
      if (call.method === "POST") lost = true
      return lost && call.method === "GET" ? json(response, 400, {}) : blind.respond(call, response, number)
    }
    const run = await ran(write("tickets"), respond, ticket("k1"))
    expect(run).toMatchObject({ code: 4, lines: [{ outcome: "unknown", destinationId: null }] })
    expect(blind.posts()).toBe(1)
  })

  it("never says the token, not even in the vendor's words", async () => {
    const parrot: Respond = (call, response) =>
      call.method === "POST"
        ? json(response, 422, { error: "RecordInvalid", description: `bad the-token ${call.headers.authorization}` })
        : json(response, 200, { users: [] })
    const run = await ran(write("users"), parrot, line("u1", { name: "A" }))
    expect(run.text).toContain("***")
    expect(run.text + run.words).not.toContain("the-token")
  })

  it("puts a person into an organization once", async () => {
    const kept: Array<object> = []
    const respond: Respond = (call, response) => {
      if (call.method === "GET") return json(response, 200, { organization_memberships: kept })
      kept.push({ id: 7, ...JSON.parse(call.body).organization_membership })
      return json(response, 201, { organization_membership: kept.at(-1) })
    }
    const input = line("m1", { user_id: 1, organization_id: 2 })
    expect((await ran(write("organization_memberships"), respond, input + input)).lines).toMatchObject([
      { outcome: "created", destinationId: "7" },
      { outcome: "matched", destinationId: "7" }
    ])
  })

  // Each waits for a vendor that may still be at work, by a clock on which that is a tenth of its seconds.
  const patiently = (respond: Respond, input: string) => ran(write("tickets"), respond, input, 10)

  it.concurrent("waits for a vendor that is still at work after it hung up, before it sends again (promise 4)", async () => {
    const slow = importer((number, done) =>
      number === 1
        ? (response) => {
            setTimeout(done, 150)
            response.socket?.destroy()
          }
        : undefined
    )
    const run = await patiently(slow.respond, ticket("k1"))
    expect(run).toMatchObject({ code: 0, lines: [{ outcome: "created", destinationId: "1" }] })
    expect(slow.posts()).toBe(1)
  })

  it.concurrent("sends again what surely was not written", async () => {
    const dropped = importer((number) => (number === 1 ? (response) => response.socket?.destroy() : undefined))
    const run = await patiently(dropped.respond, ticket("k1"))
    expect(run).toMatchObject({ code: 0, lines: [{ outcome: "created" }] })
    expect(dropped.kept).toHaveLength(1)
  })

  it.concurrent("does not believe look-ups that miss what was written a moment ago", async () => {
    const vendor = importer((number, done) =>
      number === 2
        ? (response) => {
            done()
            response.socket?.destroy()
          }
        : undefined
    )
    const blind: Respond = (call, response, number) => {
      if (call.url.pathname.endsWith("create_many")) return json(response, 422, {})
      return call.url.searchParams.has("external_id")
        ? json(response, 200, { tickets: [] })
        : vendor.respond(call, response, number)
    }
    const run = await patiently(blind, ticket("k1") + ticket("k2"))
    expect(run.lines.map(({ outcome }) => outcome)).toEqual(["created", "unknown"])
    expect(vendor.posts()).toBe(2)
  })

  it("sends files before the ticket that names them", async () => {
    const calls: Array<string> = []
    const desk: Respond = (call, response) => {
      const { pathname, searchParams } = call.url
      if (pathname === "/api/v2/uploads") {
        calls.push(`${searchParams.get("filename")} ${call.headers["content-type"]} ${call.body}`)
        return json(response, 201, { upload: { token: `t${calls.length}` } })
      }
      if (call.method === "POST") {
        calls.push(call.body)
        return json(response, 201, { ticket: { id: 5 } })
      }
      return json(response, 200, { tickets: [], results: [] })
    }
    const files = [{ filename: "a.txt", content_type: "text/plain", content: "aGVsbG8=" }, "given"]
    const ticket = { subject: "S", comments: [{ html_body: "x", uploads: files }] }
    expect(await ran(write("tickets"), desk, line("k1", ticket))).toMatchObject({
      code: 0,
      lines: [{ outcome: "created", destinationId: "5" }]
    })
    expect(calls[0]).toBe("a.txt text/plain hello")
    expect(JSON.parse(calls[1] ?? "").ticket.comments[0].uploads).toEqual(["t1", "given"])
  })

  it("makes what follows a record, completes it the second time, and tells what is refused", async () => {
    const fields: Array<string> = []
    let there = false
    const desk: Respond = (call, response) => {
      const { pathname } = call.url
      if (pathname === "/api/v2/custom_objects" && call.method === "POST") there = true
      if (pathname.endsWith("/fields") && call.method === "GET")
        return json(response, 200, { custom_object_fields: fields.map((key) => ({ key })) })
      if (pathname.endsWith("/fields")) {
        const { key } = JSON.parse(call.body).custom_object_field
        if (key === "bad") return json(response, 422, { error: "RecordInvalid", description: "no such type" })
        fields.push(key)
        return json(response, 201, { custom_object_field: { key } })
      }
      return there ? json(response, 200, { custom_object: { key: "laptop" } }) : json(response, 404, {})
    }
    const object = (...keys: ReadonlyArray<string>) =>
      line("t1", { key: "laptop", title: "Laptop", fields: keys.map((key) => ({ key, type: "text" })) })
    expect(await ran(write("custom_objects"), desk, object("one"))).toMatchObject({
      code: 0,
      lines: [{ outcome: "created", destinationId: "laptop", error: null }]
    })
    const again = await ran(write("custom_objects"), desk, object("one", "two", "bad"))
    expect(again).toMatchObject({ code: 4, lines: [{ outcome: "matched", error: "bad: no such type" }] })
    expect(fields).toEqual(["one", "two"])
  })
})
