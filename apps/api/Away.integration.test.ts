import { connect, createServer, type Server, type Socket } from "node:net"
import { freePort } from "@bridge/infra/Ports"
import { testStack } from "@bridge/infra/TestStack"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Caller, type Reply, refusedAs, startApi, type TestApi } from "./TestApi.ts"

/** The way to a server, which can be cut: `refusing` closes the door, `silent` swallows every byte. */
class Line {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #silent = false
  readonly port: number
  constructor(port: number, to: { readonly host: string; readonly port: number }) {
    this.port = port
    this.#server = createServer((near) => {
      const far = connect(to.port, to.host)
      for (const [from, other] of [
        [near, far],
        [far, near]
      ] as const) {
        this.#sockets.add(from)
        from.on("data", (bytes) => {
          if (!this.#silent) other.write(bytes)
        })
        from.on("error", () => {})
        from.on("close", () => {
          this.#sockets.delete(from)
          other.destroy()
        })
      }
    })
  }
  open = () => new Promise<void>((ready) => this.#server.listen(this.port, "127.0.0.1", () => ready()))
  refusing = () =>
    new Promise<void>((closed) => {
      this.#server.close(() => closed())
      for (const socket of this.#sockets) socket.destroy()
    })
  silent = () => {
    this.#silent = true
  }
  speaking = () => {
    this.#silent = false
    for (const socket of this.#sockets) socket.destroy()
  }
}

let api: TestApi
let acme: Caller
let line: Line
beforeAll(async () => {
  const { databaseUrl } = await testStack()
  const to = new URL(databaseUrl)
  line = new Line(await freePort(), { host: to.hostname, port: Number(to.port) })
  await line.open()
  api = await startApi(
    {},
    (url) => Object.assign(new URL(url), { hostname: "127.0.0.1", port: String(line.port) }).href
  )
  acme = await api.tenant("acme")
})
afterAll(async () => {
  await api.stop()
  await line.refusing()
})

const login = () => api.anybody.post("/api/login", { email: "admin@acme.example", password: "the password of acme" })
const timed = async (ask: () => Promise<Reply>) => {
  const began = Date.now()
  const reply = await ask()
  return { reply, seconds: (Date.now() - began) / 1000 }
}
const allRefused = async (within: number) => {
  const asked = [
    login,
    () => acme.get("/api/jobs"),
    () => acme.get("/api/profile"),
    () => api.anybody.get("/health/ready")
  ]
  for (const { reply, seconds } of await Promise.all(asked.map(timed))) {
    refusedAs(reply, 503, "service-unavailable")
    assert.isBelow(seconds, within)
  }
}
const backWithin = async (seconds: number) => {
  const until = Date.now() + seconds * 1000
  for (;;) {
    const [a, b] = [await login(), await acme.get("/api/jobs")]
    if (a.status === 200 && b.status === 200) return
    if (Date.now() > until) throw new Error(`not back after ${seconds} s: ${a.text} ${b.text}`)
    await new Promise((later) => setTimeout(later, 200))
  }
}

describe("a database that is away", () => {
  it("is a problem within seconds while nobody answers at its door, and soon none when it is back", async () => {
    await line.refusing()
    await allRefused(5)
    assert.strictEqual((await api.anybody.get("/health/live")).status, 200)
    await line.open()
    await backWithin(5)
  })

  it("is a problem within seconds while it swallows everything, and soon none when it is back", async () => {
    line.silent()
    await allRefused(12)
    assert.strictEqual((await api.anybody.get("/health/live")).status, 200)
    line.speaking()
    await backWithin(5)
  })
})
