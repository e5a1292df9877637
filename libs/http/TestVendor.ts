// A vendor on loopback that answers as a test says and remembers every call. For tests of the HTTP path and of connectors.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { ConfigProvider, Effect, Layer, type Scope } from "effect"
import { Budgets } from "./Budgets.ts"
import { VendorHttp } from "./VendorHttp.ts"
import { Wire } from "./Wire.ts"

export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage["headers"]
  readonly body: string
  /** Ends when the client closes its socket. */
  readonly closed: Promise<void>
}

/** Answers a call; it may also not answer, or cut its answer. */
export type Respond = (call: Seen, response: ServerResponse, number: number) => void

export interface TestVendor {
  readonly port: number
  readonly calls: ReadonlyArray<Seen>
}

export const testVendor = (respond: Respond): Effect.Effect<TestVendor, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const calls: Array<Seen> = []
        const server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            const call: Seen = {
              method: request.method ?? "",
              url: new URL(request.url ?? "/", `https://${request.headers.host}`),
              headers: request.headers,
              body: Buffer.concat(chunks).toString(),
              closed: new Promise((done) => request.socket.once("close", () => done()))
            }
            calls.push(call)
            respond(call, response, calls.length)
          })
        })
        await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
        return { server, port: (server.address() as AddressInfo).port, calls }
      }),
      ({ server }) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    ),
    ({ calls, port }) => ({ calls, port })
  )

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

/** The HTTP path with the vendor's hosts mapped to loopback. */
export const httpTo = (hosts: Readonly<Record<string, string>>) =>
  VendorHttp.layer.pipe(
    Layer.provide([Wire.layer, Budgets.layerMemory]),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ BRIDGE_HOST_MAP: JSON.stringify(hosts) })))
  )
