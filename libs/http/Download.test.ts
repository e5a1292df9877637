import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import { Effect, Logger, Redacted, Result } from "effect"
import { describe, expect, it } from "vitest"
import type { Call, Connection } from "./Call.ts"
import type { Wanted } from "./Download.ts"
import { httpTo, type Respond, testVendor } from "./TestVendor.ts"
import { VendorHttp } from "./VendorHttp.ts"

const connection: Connection = {
  tenantId: "t",
  connectionId: "c",
  share: 1,
  config: { key: Redacted.make("the-secret-key") },
  connector: {
    vendor: "test",
    host: () => "acme.vendor.test",
    hostPattern: "*.vendor.test",
    authorise: () => ({ authorization: "Basic the-secret-key" }),
    budgets: () => [],
    limits: () => [],
    verdict: () => ({ _tag: "Ok" })
  }
}

/** What came, or why not; and the calls that were made. */
const fetched = (respond: Respond, url: string | Call, maxBytes = 1e9, said: Partial<Wanted> = {}) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { calls, port } = yield* testVendor(respond)
        const hash = createHash("sha256")
        let largest = 0
        const write = async (chunk: Buffer): Promise<void> => {
          largest = Math.max(largest, chunk.length)
          hash.update(chunk)
        }
        const end = yield* VendorHttp.use((http) =>
          Effect.result(http.download(connection, url, { maxBytes, write, isPage: false, size: null, ...said }))
        ).pipe(Effect.provide(httpTo({ "*.vendor.test": `http://127.0.0.1:${port}` })))
        return { calls, largest, sha256: hash.digest("hex"), end }
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )
const address = "https://files.vendor.test/a?Signature=the-signature"
const reasonOf = ({ end }: Awaited<ReturnType<typeof fetched>>) =>
  Result.isFailure(end) ? end.failure.reason : undefined

describe("a file that a record names", () => {
  it("comes byte for byte, in pieces, over redirects, and nobody gets credentials", async () => {
    const bytes = Buffer.alloc(8_000_000, "0123456789")
    const end = await fetched((call, response) => {
      if (call.url.pathname === "/a") response.writeHead(302, { location: "https://other.vendor.test/b" }).end()
      else response.end(bytes)
    }, address)
    expect(end.sha256).toBe(createHash("sha256").update(bytes).digest("hex"))
    expect(end.largest).toBeLessThan(1_000_000)
    expect(end.calls.map(({ url }) => url.hostname)).toEqual(["files.vendor.test", "other.vendor.test"])
    expect(end.calls.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it("is what it was before a storage packed it", async () => {
    const end = await fetched((_call, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("hello"))
    }, address)
    expect(end.sha256).toBe(createHash("sha256").update("hello").digest("hex"))
  })

  it.each([
    [403, "Gone"],
    [404, "Gone"],
    [429, "Throttled"],
    [503, "Unavailable"],
    [418, "Refused"]
  ])("is not there with status %i: %s, and no word repeats its address", async (status, tag) => {
    const reason = reasonOf(await fetched((_call, response) => response.writeHead(status).end("no"), address))
    expect(reason?._tag).toBe(tag)
    expect(JSON.stringify(reason)).not.toMatch(/Signature|the-/)
  })

  describe("by a call of the API", () => {
    const call: Call = { operation: "view", method: "GET", path: "/files/5", file: true, idempotent: true }

    it("comes from wherever that leads, and no host but the account's own sees the credentials", async () => {
      const respond: Respond = ({ url: { hostname, pathname } }, response) => {
        if (pathname === "/files/5") response.writeHead(302, { location: "https://files.vendor.test/a" }).end()
        else if (hostname === "files.vendor.test")
          response.writeHead(302, { location: "https://acme.vendor.test/b" }).end()
        else response.end("hello")
      }
      const end = await fetched(respond, call)
      expect(end.sha256).toBe(createHash("sha256").update("hello").digest("hex"))
      expect(end.calls.map(({ headers, url }) => [url.hostname, headers.authorization])).toEqual([
        ["acme.vendor.test", "Basic the-secret-key"],
        ["files.vendor.test", undefined],
        ["acme.vendor.test", undefined]
      ])
    })

    it("is not what the API says of it", async () => {
      const respond: Respond = (_call, response) =>
        void response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end("{}")
      expect(reasonOf(await fetched(respond, call))?._tag).toBe("Gone")
      expect(Result.isSuccess((await fetched(respond, call, 1e9, { size: 2 })).end)).toBe(true)
    })
  })

  describe("in whose place a page comes", () => {
    const page: Respond = (call, response) => {
      if (call.url.pathname === "/a") response.writeHead(302, { location: "/elsewhere" }).end()
      else response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>Log in")
    }

    it("is gone: an answer of HTML is no file of another kind", async () => {
      const reason = reasonOf(await fetched(page, address, 1e9, { size: 500 }))
      expect(reason).toMatchObject({ _tag: "Gone", message: expect.stringContaining("an HTML page") })
      expect(JSON.stringify(reason)).not.toMatch(/Signature|the-/)
    })

    it("is there where it is a page itself, or as long to the byte as it should be", async () => {
      expect(Result.isSuccess((await fetched(page, address, 1e9, { isPage: true })).end)).toBe(true)
      expect(Result.isSuccess((await fetched(page, address, 1e9, { size: 12 })).end)).toBe(true)
    })

    it.each([
      "/support/login",
      "/login?redirect=a",
      "https://acme.vendor.test/a/login",
      "https://id.vendor.test/users/sign_in"
    ])("is gone where it leads to a login, which is not asked for: %s", async (location) => {
      const respond: Respond = (_call, response) => void response.writeHead(302, { location }).end()
      const end = await fetched(respond, address, 1e9, { isPage: true })
      expect(reasonOf(end)).toMatchObject({ _tag: "Gone", message: "files.vendor.test wants a login" })
      expect(end.calls).toHaveLength(1)
    })

    it("is there where only its name is that of a login", async () => {
      const respond: Respond = (call, response) => {
        if (call.url.pathname === "/a")
          response.writeHead(302, { location: "/data/helpdesk/attachments/5/original/login" }).end()
        else response.end("x")
      }
      expect(Result.isSuccess((await fetched(respond, address)).end)).toBe(true)
    })
  })

  it("that is cut off is not taken for whole", async () => {
    const respond: Respond = (_call, response) => {
      response.writeHead(200, { "content-length": "1000" }).write("half", () => response.destroy())
    }
    expect(reasonOf(await fetched(respond, address))?._tag).toBe("Unavailable")
  })

  it("that is larger than what is taken is refused", async () => {
    const respond: Respond = (_call, response) => void response.end(Buffer.alloc(5000))
    expect(reasonOf(await fetched(respond, address, 4999))).toMatchObject({ _tag: "Refused", code: "too-large" })
  })

  it.each([
    "http://files.vendor.test/a",
    "https://127.0.0.1/a",
    "https://u:p@files.vendor.test/a",
    "https://files.vendor.test:8443/a",
    "no"
  ])("is never asked for where it may not lie: %s", async (url) => {
    const end = await fetched((_call, response) => void response.end("x"), url)
    expect(reasonOf(end)?._tag).toBe("BadAddress")
    expect(end.calls).toEqual([])
  })
})
