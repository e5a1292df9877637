// The HTTP path against a vendor that behaves badly in every way seen in the wild.
import { brotliCompressSync, gzipSync } from "node:zlib"
import { ConfigProvider, Effect, Exit, Layer, Logger, Redacted, Result } from "effect"
import { describe, expect, it } from "vitest"
import { Budgets } from "./Budgets.ts"
import type { Call, Connection, Vendor, Verdict } from "./Call.ts"
import { httpTo, json, type Respond, type TestVendor, testVendor } from "./TestVendor.ts"
import type { VendorError } from "./VendorError.ts"
import { VendorHttp } from "./VendorHttp.ts"
import { monotonicMillis, Wire } from "./Wire.ts"

interface Config {
  readonly host: string
  readonly key: Redacted.Redacted
}

const vendor: Vendor<Config> = {
  vendor: "acme",
  hostPattern: "*.vendor.test",
  host: ({ host }) => host,
  authorise: ({ key }) => ({ authorization: `Bearer ${Redacted.value(key)}` }),
  budgets: () => [],
  limits: () => [],
  verdict: (_call, { status }): Verdict => {
    if (status < 300) return { _tag: "Ok" }
    if (status === 429) return { _tag: "Throttled" }
    if (status === 401) return { _tag: "AuthRejected", message: "no" }
    if (status === 404) return { _tag: "Gone", message: "gone" }
    return status < 500
      ? { _tag: "Refused", code: "bad", message: "bad", hint: "" }
      : { _tag: "Transient", message: "down" }
  }
}

const connectionTo = (host: string, connector: Vendor<Config> = vendor): Connection => ({
  tenantId: "t",
  connectionId: host,
  connector: connector as Vendor<unknown>,
  config: { host, key: Redacted.make("s3cret-key") } satisfies Config,
  share: 1
})

const own = connectionTo("own.vendor.test")
const unsendable: Call = {
  operation: "upload",
  method: "POST",
  path: "/rows",
  bytes: Buffer.from("x"),
  headers: { "x-name": "счёт" },
  idempotent: false
}
const get: Call = { operation: "list", method: "GET", path: "/rows", idempotent: true }
const post: Call = { operation: "create", method: "POST", path: "/rows", body: { name: "x" }, idempotent: false }

interface Run {
  readonly http: typeof VendorHttp.Service
  readonly seen: TestVendor
}

const against = <A, E>(respond: Respond, body: (run: Run) => Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const seen = yield* testVendor(respond)
        const layer = httpTo({ "*.vendor.test": `http://127.0.0.1:${seen.port}` })
        return yield* Effect.flatMap(VendorHttp, (http) => body({ http, seen })).pipe(Effect.provide(layer))
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )

const reasonOf = <A>(call: Effect.Effect<A, VendorError>) =>
  Effect.map(Effect.result(call), (end) => (Result.isFailure(end) ? end.failure.reason._tag : "Ok"))

const ok: Respond = (_call, response) => json(response, 200, { rows: [] })

describe("a call's address", () => {
  it("keeps the vendor's host name and carries the credentials there", () =>
    against(ok, ({ http, seen }) =>
      Effect.gen(function* () {
        yield* http.call(own, { ...get, query: { "page[size]": 100, q: "a b&c" } })
        expect(seen.calls[0]?.headers.host).toBe("own.vendor.test")
        expect(seen.calls[0]?.headers.authorization).toBe("Bearer s3cret-key")
        expect(seen.calls[0]?.url.searchParams.get("page[size]")).toBe("100")
        expect(seen.calls[0]?.url.searchParams.get("q")).toBe("a b&c")
      })
    ))

  it("may be a link to another host of the vendor, which does not get the credentials (promise 6)", () =>
    against(ok, ({ http, seen }) =>
      Effect.gen(function* () {
        yield* http.call(own, { ...get, path: "https://files.vendor.test/x?y=1" })
        expect(seen.calls[0]?.headers.host).toBe("files.vendor.test")
        expect(seen.calls[0]?.headers.authorization).toBeUndefined()
      })
    ))

  it.each([
    ["another domain", "https://evil.test/rows"],
    ["plain http", "http://own.vendor.test/rows"],
    ["a user in front", "https://own.vendor.test@evil.test/rows"],
    ["another port", "https://own.vendor.test:8443/rows"],
    ["a path that is a host", "//evil.test/rows"],
    ["an address", "https://127.0.0.1/rows"]
  ])("must not be %s: nothing is sent", (_what, path) =>
    against(ok, ({ http, seen }) =>
      Effect.gen(function* () {
        expect(yield* reasonOf(http.call(own, { ...get, path }))).toBe("BadAddress")
        expect(seen.calls).toHaveLength(0)
      })
    )
  )

  it("must not resolve to a private address without the host map", async () => {
    const local = connectionTo("localhost", { ...vendor, hostPattern: "localhost" })
    const layer = VendorHttp.layer.pipe(
      Layer.provide([Wire.layer, Budgets.layerMemory]),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
    )
    const call = Effect.flatMap(VendorHttp, (http) => reasonOf(http.call(local, get)))
    expect(await Effect.runPromise(Effect.provide(call, layer))).toBe("BadAddress")
  })

  it("is not looked for under a host map that cannot be used", async () => {
    const exit = await Effect.runPromiseExit(
      Effect.provide(Effect.void, httpTo({ "*.vendor.test": "http://10.0.0.1" }))
    )
    expect(Exit.isFailure(exit)).toBe(true)
  })
})

describe("a redirect", () => {
  it("of a read is followed on the same host", () =>
    against(
      (call, response) =>
        call.url.pathname === "/rows" ? json(response, 302, {}, { location: "/moved?x=1" }) : ok(call, response, 0),
      ({ http, seen }) =>
        Effect.gen(function* () {
          yield* http.call(own, get)
          expect(seen.calls.map(({ url }) => url.pathname + url.search)).toEqual(["/rows", "/moved?x=1"])
        })
    ))

  it.each(["https://evil.test/", "https://files.vendor.test/rows", "http://own.vendor.test/rows"])(
    "to %s is refused",
    (location) =>
      against(
        (_call, response) => json(response, 301, {}, { location }),
        ({ http, seen }) =>
          Effect.gen(function* () {
            expect(yield* reasonOf(http.call(own, get))).toBe("Refused")
            expect(seen.calls).toHaveLength(1)
          })
      )
  )
})

// Side by side: each has a vendor of its own, and most wait before they go again.
describe.concurrent("a read", () => {
  it.each([["0.05"], ["50ms"], ["0"], [new Date(0).toUTCString()], [String(Date.now() - 1_000)], ["00:00:00"]])(
    "goes again after 429 with Retry-After %s",
    (retryAfter) =>
      against(
        (call, response, number) =>
          number <= 3 ? json(response, 429, "no", { "retry-after": retryAfter }) : ok(call, response, number),
        ({ http, seen }) =>
          Effect.gen(function* () {
            yield* http.call(own, get)
            expect(seen.calls).toHaveLength(4)
          })
      )
  )

  const faults: ReadonlyArray<readonly [string, Respond]> = [
    ["5xx", (_call, response) => json(response, 503, {}, { "retry-after": "0" })],
    [
      "a body shorter than it says",
      (_call, response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write('{"rows":[')
        response.socket?.destroySoon()
      }
    ],
    ["cut JSON", (_call, response) => response.end('{"rows":[{"id":1')],
    ["a page of HTML", (_call, response) => response.end("<html>Sign in</html>")],
    [
      "a broken gzip",
      (_call, response) => {
        response.writeHead(200, { "content-encoding": "gzip" })
        response.end("this is no gzip")
      }
    ]
  ]
  it.each(faults)("goes again after %s", (_what, fault) =>
    against(
      (call, response, number) => (number === 1 ? fault : ok)(call, response, number),
      ({ http, seen }) =>
        Effect.gen(function* () {
          yield* http.call(own, get)
          expect(seen.calls).toHaveLength(2)
        })
    )
  )

  it("gives up on a body that stays bad after two more tries", () =>
    against(
      (_call, response) => response.end("<html>Sign in</html>"),
      ({ http, seen }) =>
        Effect.gen(function* () {
          expect(yield* reasonOf(http.call(own, get))).toBe("BadAnswer")
          expect(seen.calls).toHaveLength(3)
        })
    ))

  it.each([
    [401, "AuthRejected"],
    [404, "Gone"],
    [400, "Refused"]
  ])("is not repeated after %i: %s", (status, reason) =>
    against(
      (_call, response) => json(response, status, {}),
      ({ http, seen }) =>
        Effect.gen(function* () {
          expect(yield* reasonOf(http.call(own, get))).toBe(reason)
          expect(seen.calls).toHaveLength(1)
        })
    )
  )

  it("is unpacked from gzip and brotli", () =>
    against(
      (call, response) => {
        const packed =
          call.url.pathname === "/br" ? (["br", brotliCompressSync] as const) : (["gzip", gzipSync] as const)
        response.writeHead(200, { "content-encoding": packed[0] })
        response.end(packed[1](Buffer.from('{"rows":["😀"]}')))
      },
      ({ http }) =>
        Effect.gen(function* () {
          for (const path of ["/br", "/gzip"])
            expect((yield* http.call(own, { ...get, path })).body.toString()).toBe('{"rows":["😀"]}')
        })
    ))

  const echoes: ReadonlyArray<readonly [string, Respond]> = [
    ["a refusal that repeats its header", (call, response) => json(response, 401, `no ${call.headers.authorization}`)],
    [
      "a redirect",
      (_call, response) => json(response, 302, {}, { location: "https://login.test/s3cret-key?k=s3cret-key" })
    ],
    ["a code that repeats its key", (_call, response) => json(response, 400, "s3cret-key")]
  ]
  it.each(echoes)("never says its credentials, not even after %s (promise 6)", (_what, echo) => {
    const parrot: Vendor<Config> = {
      ...vendor,
      verdict: (_call, { body, status }) =>
        status === 400
          ? { _tag: "Refused", code: body.toString(), message: "no", hint: "" }
          : { _tag: "AuthRejected", message: body.toString() }
    }
    return against(echo, ({ http }) =>
      Effect.gen(function* () {
        const end = yield* Effect.result(http.call(connectionTo("own.vendor.test", parrot), get))
        const said = JSON.stringify(end) + String(Result.isFailure(end) ? end.failure : "")
        expect(said).toContain("***")
        expect(said).not.toContain("s3cret-key")
      })
    )
  })

  it("is given up by a check where the vendor asks for more than a minute's window", () =>
    against(
      (_call, response) => json(response, 429, {}, { "retry-after": "1521" }),
      ({ http, seen }) =>
        Effect.gen(function* () {
          expect(yield* reasonOf(http.call(own, get, { mode: "check" }))).toBe("Throttled")
          expect(seen.calls).toHaveLength(1)
        })
    ))

  it("does not hammer a vendor that goes on refusing and asks for no wait", () =>
    against(
      (_call, response) => json(response, 429, {}, { "retry-after": "0" }),
      ({ http, seen }) =>
        Effect.gen(function* () {
          yield* Effect.timeoutOption(http.call(own, get), 2_000)
          expect(seen.calls.length).toBeLessThan(6)
        })
    ))
})

describe("a write (promise 4)", () => {
  const once = (respond: Respond, reason: string, options: { readonly deadline?: number } = {}) =>
    against(respond, ({ http, seen }) =>
      Effect.gen(function* () {
        expect(yield* reasonOf(http.call(own, post, options))).toBe(reason)
        expect(seen.calls.length).toBeLessThanOrEqual(1)
        return seen.calls
      })
    )

  it("is sent once and gives its answer", () => once((_call, response) => json(response, 201, { id: 1 }), "Ok"))
  it("that is refused gives the answer to its reader", () => once((_call, response) => json(response, 422, {}), "Ok"))
  it("is unknown after a 5xx", () => once((_call, response) => json(response, 500, {}), "Unknown"))
  it("is unknown when its answer is cut", () => once((_call, response) => response.socket?.destroy(), "Unknown"))
  it("is unknown when its answer is no JSON", () => once((_call, response) => response.end("<html>"), "Unknown"))
  it("is surely not done after 429", () => once((_call, response) => json(response, 429, {}), "Throttled"))
  it("is surely not done after 401", () => once((_call, response) => json(response, 401, {}), "AuthRejected"))

  it("does not leave when its deadline has passed", async () => {
    expect(await once(ok, "NotSent", { deadline: monotonicMillis() - 1 })).toHaveLength(0)
  })

  it("is cut at its deadline, socket and all, and is then unknown", async () => {
    const calls = await once(() => undefined, "Unknown", { deadline: monotonicMillis() + 300 })
    await calls[0]?.closed
  })

  it("that HTTP has no form for is told apart from one that found nobody, and a file's type is what a header may hold", async () => {
    await against(ok, ({ http, seen }) =>
      Effect.gen(function* () {
        expect(yield* reasonOf(http.call(own, unsendable))).toBe("Unsendable")
        expect(seen.calls).toHaveLength(0)
        const { headers: _, ...upload } = { ...unsendable, bytesType: 'application/pdf; name="счёт.pdf"' }
        yield* http.call(own, upload)
        expect(seen.calls[0]?.headers["content-type"]).toBe("application/pdf")
      })
    )
  })

  it("is surely not done when nobody listens", async () => {
    const layer = httpTo({ "*.vendor.test": "http://127.0.0.1:1" })
    const call = Effect.flatMap(VendorHttp, (http) => reasonOf(http.call(own, post)))
    expect(await Effect.runPromise(Effect.provide(call, layer).pipe(Effect.provide(Logger.layer([]))))).toBe("NotSent")
  })
})
