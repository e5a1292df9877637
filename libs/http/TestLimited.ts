// A vendor over HTTP that keeps a limit and whose answers tell of it, and the connection to it. For tests and benchmarks of
// the pacer in real time. Two thirds of what is documented of the limit are wrong.
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Budget, Call, Connection, LimitReading, Vendor } from "./Call.ts"
import type { Limiter } from "./TestLimiter.ts"

/** The vendor's own count of one account's calls. */
export interface Counter {
  readonly limiter: Limiter
  went: number
  refused: number
}

/** From the vendor's first byte in to its first byte out. */
const latencyMillis = 30

const answer = (counter: Counter, response: ServerResponse): void => {
  const { ok, reading, retryAfterMillis } = counter.limiter.hit(performance.now())
  if (ok) counter.went += 1
  else counter.refused += 1
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ...(reading !== null && { "x-limit": String(reading.limit), "x-remaining": String(reading.remaining) }),
    ...(reading?.resetMillis !== undefined && { "x-reset": String(reading.resetMillis / 1000) }),
    ...(!ok && { "retry-after": String(retryAfterMillis / 1000) })
  }
  response.writeHead(ok ? 200 : 429, headers).end("{}")
}

export interface LimitedVendor {
  readonly origin: string
  readonly close: () => void
}

/** An account by the first word of the host's name; `seen` is told of every call with its path. */
export const startLimited = async (
  counters: ReadonlyMap<string, Counter>,
  seen: (path: string) => void = () => {}
): Promise<LimitedVendor> => {
  const server = createServer((request, response) => {
    const counter = counters.get((request.headers.host ?? "").split(".")[0] ?? "")
    request.resume()
    seen(request.url ?? "")
    if (counter === undefined) response.writeHead(404).end("{}")
    else setTimeout(() => answer(counter, response), latencyMillis)
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))

const vendor = (documented: Omit<Budget, "name">): Vendor<unknown> => ({
  vendor: "limits",
  hostPattern: "*.vendor.test",
  host: (config) => String(config),
  authorise: () => ({}),
  budgets: () => [{ name: "account", ...documented }],
  limits: (_call, { headers }): ReadonlyArray<LimitReading> => {
    const [total, remaining, reset] = [headers["x-limit"], headers["x-remaining"], headers["x-reset"]].map(number)
    if (total === undefined || remaining === undefined) return []
    const resetMillis = reset === undefined ? {} : { resetMillis: reset * 1000 }
    return [{ budget: "account", limit: total, remaining, ...resetMillis }]
  },
  verdict: (_call, { status }) => (status === 429 ? { _tag: "Throttled" } : { _tag: "Ok" })
})

/** A third of the limit is documented, and that it is a fixed window, whatever it is. */
export const limitedConnection = (account: string, limit: number, windowMillis: number): Connection => ({
  tenantId: "test",
  connectionId: account,
  connector: vendor({ limit: limit / 3, windowMillis, form: "fixed", told: true }),
  config: `${account}.vendor.test`,
  share: 1
})

export const limitedCall = (path: string): Call => ({ operation: "read", method: "GET", path, idempotent: true })
