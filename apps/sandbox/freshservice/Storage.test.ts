import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import { type TestSandbox, withSandbox } from "../TestClient.ts"

type Line = {
  readonly id: number
  readonly parent: string
  readonly parent_id: number
  readonly ticket_id: number
  readonly inline: boolean
  readonly size: number
  readonly sha256: string
  readonly trouble: string | null
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

/** Where the API says a file is, whatever it belongs to. */
const addressOf = async ({ fresh }: TestSandbox, line: Line): Promise<string> => {
  const owner =
    line.parent === "asset"
      ? (await fresh(`/api/v2/assets/${line.parent_id}`)).body.asset
      : line.parent === "ticket"
        ? (await fresh(`/api/v2/tickets/${line.ticket_id}`)).body.ticket
        : (await fresh(`/api/v2/tickets/${line.ticket_id}/conversations?per_page=100`)).body.conversations.find(
            (row: { id: number }) => row.id === line.parent_id
          )
  const html = String(owner.description ?? owner.body)
  if (line.inline) {
    const src = new RegExp(`src="([^"]+)" class="inline-image" data-id="${line.id}"`).exec(html)?.[1] ?? ""
    return new URL(src, "https://acme.freshservice.com/").href
  }
  return owner.attachments.find((row: { id: number }) => row.id === line.id).attachment_url
}

const files = (test: TestSandbox): Promise<ReadonlyArray<Line>> => test.lines("corpus?entity=attachment")

it("hands out every file as the truth has it, on another host, without a key", () =>
  withSandbox({ tickets: 200, attachments: 40 }, async (test) => {
    const lines = await files(test)
    expect(lines).toHaveLength(40)
    for (const line of lines.filter(({ trouble }) => trouble === null)) {
      const url = await addressOf(test, line)
      const { host, pathname } = new URL(url)
      const ofAccount = host === "acme.freshservice.com"
      if (!ofAccount)
        expect(host).toBe(line.inline ? "attachment.freshservice.com" : "acme.attachments.freshservice.com")
      const there = line.inline ? String((await test.at(url)).headers.location) : url
      if (pathname.startsWith("/helpdesk")) {
        expect(there).toBe("https://acme.freshservice.com/support/login")
        expect(await test.at(there)).toMatchObject({
          status: 200,
          headers: { "content-type": "text/html; charset=utf-8" }
        })
        continue
      }
      const got = await test.at(there)
      expect([got.status, got.bytes.length, sha256(got.bytes)]).toEqual([200, line.size, line.sha256])
    }
  }))

it("lets an address die, refuses a wrong signature, and refuses a key", () =>
  withSandbox({ tickets: 200, timeFactor: 60 }, async (test) => {
    const [line] = (await files(test)).filter(({ inline, trouble, size }) => !inline && trouble === null && size > 0)
    const url = await addressOf(test, line as Line)
    expect((await test.at(url)).status).toBe(200)
    expect((await test.at(url, { headers: { authorization: "Basic eDp4" } })).status).toBe(400)
    expect((await test.at(url.replace("Expires=1", "Expires=2"))).status).toBe(403)
    test.pass(14_000)
    expect((await test.at(url)).status).toBe(200)
    test.pass(2000)
    expect(await test.at(url)).toMatchObject({ status: 403, headers: { "content-type": "application/xml" } })
    expect((await test.at(await addressOf(test, line as Line))).status).toBe(200)
  }))

it("leads from a number and from a picture, whenever, to an address that lives", () =>
  withSandbox({ tickets: 200 }, async (test) => {
    const [picture] = (await files(test)).filter(({ inline }) => inline)
    const url = await addressOf(test, picture as Line)
    test.pass(30 * 86_400_000)
    const found = await test.at(url)
    expect(found.status).toBe(302)
    expect(sha256((await test.at(found.headers.location as string)).bytes)).toBe(picture?.sha256)
    const byNumber = await test.fresh(`/api/v2/attachments/${picture?.id}`)
    expect((await test.at(byNumber.headers.location as string)).status).toBe(200)
    expect((await test.at(`${url}x`)).status).toBe(404)
    expect((await test.fresh("/api/v2/attachments/7")).status).toBe(404)
  }))

it("has a file that comes at the third try and one that never comes", () =>
  withSandbox({ tickets: 400 }, async (test) => {
    const lines = await files(test)
    const [flaky, gone] = ["flaky", "gone"].map((trouble) => lines.find((line) => line.trouble === trouble) as Line)
    const url = await addressOf(test, flaky as Line)
    const statuses = [await test.at(url), await test.at(url), await test.at(url)].map(({ status }) => status)
    expect(statuses).toEqual([503, 503, 200])
    expect((await test.at(await addressOf(test, gone as Line))).text).toContain("NoSuchKey")
    await test.admin("reset", { method: "POST" })
    expect((await test.at(url)).status).toBe(503)
  }))

it("serves the rest of a file from a byte on", () =>
  withSandbox({ tickets: 200 }, async (test) => {
    const line = (await files(test)).find(({ inline, trouble, size }) => !inline && trouble === null && size > 100_000)
    const url = await addressOf(test, line as Line)
    const [whole, rest] = [await test.at(url), await test.at(url, { headers: { range: "bytes=70000-" } })]
    expect(rest).toMatchObject({
      status: 206,
      headers: { "content-range": `bytes 70000-${Number(line?.size) - 1}/${line?.size}` }
    })
    expect(rest.bytes.equals(whole.bytes.subarray(70_000))).toBe(true)
    expect((await test.at(url, { headers: { range: "bytes=99000000-" } })).status).toBe(416)
  }))

it("obeys fault orders for downloads too: cut, truncated, in trickles, died early", () =>
  withSandbox({ tickets: 200 }, async (test) => {
    const line = (await files(test)).find(({ inline, trouble, size }) => !inline && trouble === null && size > 100_000)
    const url = await addressOf(test, line as Line)
    const order = (kind: string, more: object = {}) =>
      test.admin("faults", { body: { kind, count: 1, path: "/data/helpdesk/", ...more } })
    await order("cut")
    await expect(test.at(url)).rejects.toThrow()
    await order("truncate")
    expect((await test.at(url)).bytes.length).toBe(Math.floor(Number(line?.size) / 2))
    await order("expired")
    expect((await test.at(url)).status).toBe(403)
    await order("429", { retryAfter: 2 })
    expect(await test.at(url)).toMatchObject({ status: 429, headers: { "retry-after": "2" } })
    await order("trickle", { ms: 200 })
    const begun = performance.now()
    expect(sha256((await test.at(url)).bytes)).toBe(line?.sha256)
    expect(performance.now() - begun).toBeGreaterThan(150)
    const { counts } = (await test.admin("calls")).body
    expect(counts).toContainEqual(expect.objectContaining({ operation: "attachments.download", status: 200, count: 3 }))
  }))
