// `npm run bench -- pages`: requests per second to a vendor that numbers its pages and takes 150 ms for each, with as many in
// flight as the engine takes by itself. The median of three runs after a warm-up.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { pagesInFlight } from "@bridge/connectors/Engine"
import { Budgets } from "@bridge/http/Budgets"
import type { Connection, Vendor } from "@bridge/http/Call"
import { readAhead } from "@bridge/http/ReadAhead"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Wire } from "@bridge/http/Wire"
import { ConfigProvider, Effect, Layer, Stream } from "effect"
import { atLeast, type Outcome } from "./Aims.ts"
import { median, table } from "./Figures.ts"

const latencyMillis = 150
const last = 400
const runs = 3

const vendor: Vendor<unknown> = {
  vendor: "pages",
  hostPattern: "*.vendor.test",
  host: () => "own.vendor.test",
  authorise: () => ({}),
  budgets: () => [],
  limits: () => [],
  verdict: () => ({ _tag: "Ok" })
}
const connection: Connection = { tenantId: "bench", connectionId: "c", connector: vendor, config: null, share: 1 }

const read = Effect.gen(function* () {
  const http = yield* VendorHttp
  const pages = readAhead(
    {
      fetch: (page: number) =>
        Effect.as(
          http.call(connection, { operation: "page", method: "GET", path: `/rows?page=${page}`, idempotent: true }),
          page
        ),
      next: (page) => (page === last ? null : page + 1),
      guess: (page) => page + 1,
      same: (a, b) => a === b
    },
    1,
    pagesInFlight
  )
  const began = performance.now()
  yield* Stream.runDrain(pages)
  return last / ((performance.now() - began) / 1000)
})

export const pages = async (): Promise<Outcome> => {
  const server = createServer((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"), latencyMillis)
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const hosts = { "*.vendor.test": `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ BRIDGE_HOST_MAP: JSON.stringify(hosts) }))
  const http = VendorHttp.layer.pipe(Layer.provide([Wire.layer, Budgets.layerMemory]), Layer.provide(env))
  const all = Effect.all(Array.from({ length: 1 + runs }, () => read))
  const [, ...rates] = await Effect.runPromise(Effect.provide(all, http)).finally(() => server.close())
  const rate = median(rates)
  const text = table(
    ["numbered pages", "in flight", "requests/s"],
    [["150 ms each", String(pagesInFlight), rate.toFixed(1)]]
  )
  return { text: `${text}\n`, aims: [atLeast("numbered pages", rate, 46, "requests/s")] }
}
