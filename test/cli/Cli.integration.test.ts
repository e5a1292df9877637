import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { operatorToken, startApi, type TestApi } from "@bridge/api/TestApi"
import { cli, commands } from "@bridge/cli/Cli"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

let api: TestApi
let dir: string
beforeAll(async () => {
  api = await startApi()
  dir = mkdtempSync(join(tmpdir(), "bridge-cli-"))
})
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true })
  await api.stop()
})

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** One command line, as a shell would start it: nobody sits at the terminal. */
const bridge = async (
  argv: ReadonlyArray<string>,
  env: Record<string, string> = {},
  input = "",
  heard: (out: string) => void = () => {}
): Promise<Ran> => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  let [out, err] = ["", ""]
  stdout.on("data", (chunk) => {
    out += String(chunk)
    heard(out)
  })
  stderr.on("data", (chunk) => {
    err += String(chunk)
  })
  stdin.end(input)
  const base = { BRIDGE_CONFIG_DIR: join(dir, "config"), BRIDGE_URL: api.origin }
  const code = await cli(argv, { env: { ...base, ...env }, stdin, stdout, stderr })
  return { code, out, err }
}
const ok = async (argv: ReadonlyArray<string>, env: Record<string, string> = {}, input = ""): Promise<string> => {
  const ran = await bridge(argv, env, input)
  if (ran.code !== 0) throw new Error(`bridge ${argv.join(" ")}: ${ran.code}\n${ran.err}${ran.out}`)
  return ran.out
}
const json = async <A = Record<string, unknown>>(argv: ReadonlyArray<string>, env = {}, input = ""): Promise<A> =>
  JSON.parse(await ok([...argv, "--json"], env, input))

const password = "the password of the shell"
const freshservice = { BRIDGE_FRESHSERVICE_API_KEY: "good-key", BRIDGE_FRESHSERVICE_DOMAIN: "acme.freshservice.com" }

/** Logged in as the admin of a tenant of its own. */
const ready = async (slug: string): Promise<string> => {
  const admin = { BRIDGE_EMAIL: `admin@${slug}.example`, BRIDGE_PASSWORD: password }
  const tenant = await json<{ id: string }>(["tenants", "create", "--slug", slug], {
    ...admin,
    BRIDGE_OPERATOR_TOKEN: operatorToken
  })
  await ok(["login"], admin)
  return tenant.id
}
const connected = async () => {
  await ok(["connect", "freshservice", "--name", "source"], freshservice)
  const file = join(dir, "zendesk.json")
  writeFileSync(file, JSON.stringify({ subdomain: "acme", email: "admin@acme.example", api_token: "good-token" }))
  await ok(["connect", "zendesk", "--name", "target", "--config", file])
}

describe("bridge", () => {
  it("explains every command, and says what is wrong with a command line", async () => {
    for (const c of commands) {
      const ran = await bridge([...c.name.split(" "), "--help"])
      assert.strictEqual(ran.code, 0, c.name)
      assert.include(ran.out, `bridge ${c.name}`)
      assert.include((await bridge(["--help"])).out, c.name)
    }
    for (const argv of [
      ["frobnicate"],
      ["watch"],
      ["jobs", "--nonsense"],
      ["jobs", "extra"],
      ["migrate"],
      ["jobs", "--state", "x"]
    ]) {
      const ran = await bridge(argv, { BRIDGE_TOKEN: "x" })
      assert.strictEqual(ran.code, 2, argv.join(" "))
      assert.strictEqual(ran.out, "")
      assert.match(ran.err, /^bridge: /)
    }
    const group = await bridge(["tenants", "--help"])
    assert.deepInclude(group, { code: 0, err: "" })
    assert.include(group.out, "bridge tenants create")
  })

  it("tells apart nobody logged in, a refusal, and no answer by its exit code", async () => {
    const fresh = { BRIDGE_CONFIG_DIR: join(dir, "nobody") }
    assert.strictEqual((await bridge(["jobs"], fresh)).code, 3)
    assert.strictEqual((await bridge(["jobs"], { ...fresh, BRIDGE_TOKEN: "wrong" })).code, 3)
    assert.strictEqual((await bridge(["jobs", "--url", "http://127.0.0.1:9"], { ...fresh, BRIDGE_TOKEN: "x" })).code, 4)
    await ready("codes")
    const refused = await bridge(["connect", "freshservice"], { ...freshservice, BRIDGE_FRESHSERVICE_API_KEY: "bad" })
    assert.strictEqual(refused.code, 1)
    assert.include(refused.err, "You have to be logged in")
    assert.notInclude(refused.err, "good-key")
  })

  it("keeps the session where only its owner can read it, and ends it", async () => {
    await ready("owner")
    const file = join(dir, "config/session.json")
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    assert.include(await ok(["whoami"]), "admin@owner.example, admin of owner")
    const stored = JSON.parse(readFileSync(file, "utf8"))
    writeFileSync(file, JSON.stringify({ ...stored, expiresAtMillis: 0 }))
    assert.include(await ok(["whoami"]), "admin@owner.example")
    assert.notStrictEqual(JSON.parse(readFileSync(file, "utf8")).refreshToken, stored.refreshToken)
    await ok(["logout"])
    assert.strictEqual((await bridge(["whoami"])).code, 3)
    const wrong = { BRIDGE_EMAIL: "admin@owner.example" }
    assert.strictEqual((await bridge(["login", "--password-stdin"], wrong, "not it\n")).code, 3)
    await ok(["login", "--password-stdin"], wrong, `${password}\n`)
  })

  it("connects, migrates, reviews, approves and cancels", async () => {
    const tenantId = await ready("whole")
    await connected()
    assert.include(await ok(["connectors", "list"]), "freshservice:acme")
    const chosen = ["--from", "source", "--to", "zendesk", "--filter", "ticket.status=open,6; problem.priority=high"]
    const before = await json<{ jobId: null; streams: ReadonlyArray<{ stream: string; rows: number }> }>([
      "estimate",
      ...chosen
    ])
    assert.deepInclude(before.streams.find((s) => s.stream === "tickets") ?? {}, { rows: 0 })
    assert.match(
      await ok(["estimate", ...chosen]),
      /reading: 0 calls, 0 s\nwriting: 0 calls, 0 s\nleft: 0 s \(.*counted/
    )
    const sample = await json<Record<string, unknown>>([
      "migrate",
      ...chosen,
      "--sample",
      "7",
      "--batch-size",
      "20",
      "--entities",
      "tickets,problems"
    ])
    assert.deepInclude(sample, {
      kind: "sample",
      options: {
        filters: { ticket: { status: ["open", "6"] }, problem: { priority: ["high"] } },
        sampleSize: 7,
        batchSize: 20
      }
    })
    for (const wrong of [
      ["--sample", "many"],
      ["--filter", "status=open"]
    ])
      assert.strictEqual((await bridge(["migrate", "--from", "source", "--to", "zendesk", ...wrong])).code, 2)
    const job = await json<{ id: string }>(["migrate", "--from", "source", "--to", "zendesk", "--entities", "notes"])
    assert.match(await ok(["estimate", job.id]), /left: not known \(the job waits for its turn\)/)
    assert.include(await ok(["jobs"]), job.id)
    assert.strictEqual((await bridge(["approve", "last", "--yes"])).code, 1)
    await api.sql(tenantId, (sql) => sql`update job_streams set ended = true, sealed_at = now()`)
    await api.sql(tenantId, (sql) => sql`update jobs set state = 'validation_pending', settled_revision = 1`)
    assert.include(await ok(["watch", job.id.slice(0, 12)]), "waiting for your review")
    const out = join(dir, "review")
    assert.include(await ok(["review", "last", "--out", out]), "ticket")
    assert.deepStrictEqual(readdirSync(out).toSorted(), ["comment.csv", "ticket.csv"])
    assert.match(readFileSync(join(out, "ticket.csv"), "utf8"), /^decision,reason,/)
    const asked = await bridge(["approve", "last"])
    assert.strictEqual(asked.code, 2)
    const approved = await json<{ approved: { by: string } }>(["approve", "last", "--yes"])
    assert.strictEqual(approved.approved.by, "admin@whole.example")
    assert.include((await bridge(["pause", "last"])).err, "is paused")
    assert.include((await bridge(["resume", "last"])).err, "goes on")
    await ok(["cancel", "last"])
    await api.sql(tenantId, (sql) => sql`update jobs set state = 'cancelled'`)
    const watched = await bridge(["watch", "last", "--json"])
    assert.strictEqual(watched.code, 1)
    assert.strictEqual(JSON.parse(watched.out.trim().split("\n").at(-1) ?? "").state, "cancelled")
    assert.include(await ok(["results", "last"]), "ticket")
    assert.strictEqual((await bridge(["audit", "last"])).code, 1)
  })

  it("follows a job over many states, and stops where a person is needed", async () => {
    const tenantId = await ready("follower")
    await connected()
    const job = await json<{ id: string }>(["migrate", "--from", "source", "--to", "target"])
    const said = ["queued", "extracting"].map((state) => {
      let found = () => {}
      const seen = new Promise<void>((done) => {
        found = done
      })
      return { seen, hear: (out: string) => (out.includes(`"state":"${state}"`) ? found() : undefined) }
    })
    const watching = bridge(["watch", job.id, "--json"], {}, "", (out) => {
      for (const { hear } of said) hear(out)
    })
    const state = (s: string) => api.sql(tenantId, (sql) => sql`update jobs set state = ${s}, settled_revision = 1`)
    await said[0]?.seen
    await state("extracting")
    await said[1]?.seen
    await state("validation_pending")
    const { code, out } = await watching
    assert.strictEqual(code, 0)
    const states = out
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l).state)
    assert.deepStrictEqual([...new Set(states)], ["queued", "extracting", "validation_pending"])
  })
})
