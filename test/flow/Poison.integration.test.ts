import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { sha256 } from "@bridge/domain/Canonical"
import { scheduler } from "@bridge/scheduler/main"
import { Blobs } from "@bridge/store/Blobs"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { insertJob, type World, world } from "../harness/World.ts"
import { archivedRows, books, extractorWith, refinerWith, reviewable } from "./Rig.ts"

interface Row {
  /** As the extractor names it; null for what has no name. */
  readonly id: string | null
  readonly bytes: Buffer
  /** The class of its dead letter; null when it is archived. */
  readonly dead: string | null
}

const row = (id: string | null, json: string | Buffer, dead: string | null = null): Row => ({
  id,
  bytes: Buffer.isBuffer(json) ? json : Buffer.from(json, "utf8"),
  dead
})
const person = (id: string, more = "") =>
  `{"id":${id},"first_name":"Ada","primary_email":"p${sha256(id).slice(0, 8)}@acme.example"${more}}`
const unnamed = (json: string) => row(null, json, "unnamed-row")

/** Too long for a key of the database, also when it is compressed. */
const endless = Array.from({ length: 140 }, (_, i) => sha256(String(i))).join("")

const awkward: ReadonlyArray<Row> = [
  row("1", person("1")),
  row("2", ` {\t"id" :\r\n 2 , "first_name":"odd  blanks" ,"n":1.50,"big":12345678901234567890 } `.trim()),
  unnamed(`{"first_name":"nobody"}`),
  unnamed("{}"),
  unnamed("42"),
  unnamed("null"),
  unnamed(`"text"`),
  unnamed(`[{"id":99}]`),
  unnamed(`{"id":null}`),
  row("3", person("3", `,"background_information":"${"ten megabytes ".repeat(750_000)}"`)),
  row("4", person("4", `,"background_information":"${"over the limit ".repeat(20_000)}"`)),
  row("5", person("5", `,"job_title":"a\\u0000b"`)),
  row("6", person("6", `,"job_title":"half \\ud83d of a pair"`)),
  row("7", person("7", `,"job_title":"\u{1f600} \u05e9\u05dc\u05d5\u05dd \\ud83d\\ude00 \\u00e9"`)),
  row("8", `{"id":9,"first_name":"first","id":8,"first_name":"last"}`),
  row("90071992547409931234", person("90071992547409931234")),
  row("10", person("10", `,"custom_fields":{"a":{"b":[1,[2,[3]]]},"":"","\\u0000":"\\u0000"}`)),
  row(
    "11",
    Buffer.concat([Buffer.from(`{"id":11,"first_name":"`), Buffer.from([0xff, 0xfe]), Buffer.from(`"}`)]),
    "not-utf8"
  ),
  row("12", person("12", `,"job_title":"a line\nbreak"`), "not-json"),
  row("13", person("13", `,"deep":${"[".repeat(60_000)}${"]".repeat(60_000)}`), "too-deep"),
  row(endless, person(`"${endless}"`), "refused-by-database"),
  row("a\0b", person(`"a\\u0000b"`), "incomplete-record"),
  row("\ud800", person(`"\\ud800"`), "other-record"),
  row("14", person("14")),
  row("15", person(`" 15 "`))
]
const after = Array.from({ length: 30 }, (_, i) => row(String(1000 + i), person(String(1000 + i))))

const page = (rows: ReadonlyArray<Row>): Buffer =>
  Buffer.concat([
    Buffer.from(`{"requesters":[`),
    ...rows.flatMap(({ bytes }, i) => (i === 0 ? [bytes] : [Buffer.from(","), bytes])),
    Buffer.from("]}")
  ])

let vendor: Server
let w: World
let account: Parameters<typeof world>[0]
let stop: () => Promise<void>

beforeAll(async () => {
  vendor = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://vendor")
    const first = url.searchParams.get("page") === "1"
    const headers = { "content-type": "application/json" }
    if (url.pathname !== "/api/v2/requesters") return response.writeHead(200, headers).end(`{"agents":[]}`)
    const link = { link: `<https://acme.freshservice.com/api/v2/requesters?page=2>; rel="next"` }
    return response.writeHead(200, first ? { ...headers, ...link } : headers).end(page(first ? awkward : after))
  })
  vendor.listen(0, "127.0.0.1")
  await once(vendor, "listening")
  account = {
    hostMap: { "*.freshservice.com": `http://127.0.0.1:${(vendor.address() as AddressInfo).port}` },
    credentials: {
      freshservice: { domain: "acme.freshservice.com", api_key: "k" },
      zendesk: { subdomain: "acme", email: "a@acme.example", api_token: "t", oauth_token: "" }
    }
  }
  w = await world(account)
  stop = w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractorWith()))
})
afterAll(async () => {
  await stop?.()
  await w?.stop()
  vendor?.close()
})

interface Letter {
  readonly id: string | null
  readonly code: string
  readonly payload: Uint8Array
}

it("archives whatever has a name byte for byte, or says why not; nothing is lost and nothing stops", async () => {
  const job = await insertJob(w, account, ["person"])
  await reviewable(w, job)
  const rows = [...awkward, ...after]
  const named = rows.filter((r) => r.id !== null)
  const good = named.filter((r) => r.dead === null)

  const is = await books(w, job)
  expect(is.manifest.person).toBe(named.length)
  expect(is.archive.person).toBe(good.length)
  expect(is.dead).toBe(rows.length - good.length)
  expect(is.records.person).toEqual(good.map((r) => `requesters/${r.id}`).toSorted())

  const places = await w.rows(
    (sql) => sql<{
      id: string
      place: string
    }>`select source_id as id, stream || '/' || batch || '/' || position as place
      from job_records where job_id = ${job}::uuid and entity = 'person'`
  )
  const archived = new Map(
    (await archivedRows(w, job, "person")).map(({ batch, body, position, stream }) => [
      `${stream}/${batch}/${position}`,
      body.toString("utf8")
    ])
  )
  const textOf = new Map(places.map(({ id, place }) => [id, archived.get(place)]))
  for (const { bytes, id } of good) {
    const text = textOf.get(`requesters/${id}`) ?? ""
    const blob = /^\{"\$blob":"([0-9a-f]{64})"/.exec(text)?.[1]
    const kept =
      blob === undefined
        ? Buffer.from(text, "utf8")
        : await w.use(Effect.flatMap(Blobs, (blobs) => blobs.get(w.tenantId, blob)))
    expect(kept.equals(bytes), `bytes of ${id}`).toBe(true)
    expect(blob !== undefined, `${id} is large`).toBe(bytes.length > 256 * 1024)
  }

  const letters = await w.rows<Letter>(
    (sql) => sql<Letter>`select source_id as id, error_class as code, payload from dead_letters
      where job_id = ${job}::uuid and entity = 'person'`
  )
  for (const { bytes, dead, id } of rows.filter((r) => r.dead !== null)) {
    const letter = letters.find((l) =>
      id === null
        ? Buffer.from(l.payload).equals(bytes)
        : l.id === `requesters/${id}`.toWellFormed().replace("\0", "\ufffd").slice(0, 8000)
    )
    expect(letter?.code, id ?? String(bytes)).toBe(dead)
    expect(Buffer.from(letter?.payload ?? []).includes(bytes), `bytes of ${id}`).toBe(true)
  }
})
