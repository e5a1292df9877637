import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { afterEach, assert, describe, it } from "vitest"
import { patience, refusingUnparsed } from "./Unparsed.ts"

let open: Server | undefined
afterEach(() => {
  open?.closeAllConnections()
  open?.close()
})

const serve = (answer: RequestListener, options: ServerOptions = {}): Promise<number> =>
  new Promise((ready) => {
    const server = refusingUnparsed(createServer({ ...patience, ...options }, answer))
    open = server
    server.listen(0, "127.0.0.1", () => ready((server.address() as AddressInfo).port))
  })

/** Everything that comes back until the connection ends. */
const say = (port: number, text: string, afterwards = ""): Promise<string> =>
  new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    let back = ""
    socket.on("data", (bytes) => {
      back += String(bytes)
      if (afterwards !== "") socket.write(afterwards)
    })
    socket.on("error", () => {})
    socket.on("close", () => done(back))
  })

const never: RequestListener = () => {
  throw new Error("nothing of this reaches the routes")
}

const refusal = (text: string) => {
  const [head = "", body = ""] = text.split("\r\n\r\n")
  assert.match(head, /content-type: application\/problem\+json/i)
  assert.match(head, /connection: close/i)
  return { line: head.split("\r\n")[0], ...(JSON.parse(body) as { code: string; status: number }) }
}

describe("a request that the parser refuses gets a problem document", () => {
  it("when it is no HTTP", async () => {
    const said = refusal(await say(await serve(never), "hello\r\n\r\n"))
    assert.deepInclude(said, { line: "HTTP/1.1 400 Bad Request", code: "invalid-request", status: 400 })
  })

  it("when its head is too large", async () => {
    const said = refusal(await say(await serve(never), `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(20_000)}\r\n\r\n`))
    assert.deepInclude(said, { code: "headers-too-large", status: 431 })
  })

  it("when it does not arrive in time", async () => {
    const port = await serve(never, { requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 20 })
    assert.deepInclude(refusal(await say(port, "GET / HTTP/1.1\r\nhost: x\r\n")), {
      code: "request-too-slow",
      status: 408
    })
  })

  it("when it expects what there is not", async () => {
    const port = await serve(never)
    const said = refusal(await say(port, "GET / HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\n\r\n"))
    assert.deepInclude(said, { code: "invalid-request", status: 400 })
  })
})

describe("an answer under way", () => {
  it("is cut, with nothing put into its middle", async () => {
    const port = await serve((_, response) => {
      response.writeHead(200, { "content-length": "100" })
      response.write("half of")
    })
    const back = await say(port, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", "no request\r\n\r\n")
    assert.match(back, /half of$/)
    assert.notInclude(back, "problem")
  })
})

describe("a client that takes and sends nothing", () => {
  it("is let go after a while", async () => {
    await serve(never)
    assert.strictEqual(open?.timeout, 660_000)
    assert.strictEqual(open?.requestTimeout, 30_000)
  })
})
