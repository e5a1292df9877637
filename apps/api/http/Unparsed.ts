// Requests that Node's parser refuses before there is a request: problem documents for them too. For main.ts and the socket.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { type Problem, problem } from "@bridge/contract/Problem"

/** A request has half a minute to arrive; a client that takes nothing of an answer for eleven minutes is gone. */
export const patience = { requestTimeout: 30_000, keepAliveTimeout: 65_000 } as const
const silentMillis = 660_000

/** What the parser found, as one of our codes. */
const refusals: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () => problem("headers-too-large"),
  ERR_HTTP_REQUEST_TIMEOUT: () => problem("request-too-slow")
}

export const refusingUnparsed = (server: Server): Server => {
  server.timeout = silentMillis
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const refusal = refusals[error.code ?? ""]
    refuseRaw(socket, refusal === undefined ? problem("invalid-request", "This is no HTTP/1.1 request.") : refusal())
  })
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    const document = problem("invalid-request", "Expect takes 100-continue only.")
    const body = JSON.stringify(document)
    response.writeHead(document.status, {
      "content-type": "application/problem+json",
      "content-length": Buffer.byteLength(body),
      connection: "close"
    })
    response.end(body)
    request.resume()
  })
  return server
}

/** Writes the whole answer by hand and ends the connection; nothing is put into the middle of another answer. */
export const refuseRaw = (socket: Duplex, document: Problem): void => {
  if (!socket.writable || answering(socket)) {
    socket.destroy()
    return
  }
  const body = JSON.stringify(document)
  const head = [
    `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status] ?? ""}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "Connection: close"
  ]
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy())
}

/** Node keeps the answer that is being written at the socket (as its own handler of these errors looks at it). */
const answering = (socket: Duplex): boolean => {
  const answer: unknown = Reflect.get(socket, "_httpMessage")
  return typeof answer === "object" && answer !== null && Reflect.get(answer, "headersSent") === true
}
