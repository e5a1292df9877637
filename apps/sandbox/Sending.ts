// Answers on their way out: whole, cut short, or in trickles. Bytes that are made while they are sent never stand in memory.
import type { ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { setTimeout as after } from "node:timers/promises"
import { type Bytes, firstBytes, isBytes } from "./Bytes.ts"
import type { Reply } from "./Reply.ts"

const whole = ({ body }: Reply): Buffer | Bytes => (typeof body === "string" ? Buffer.from(body, "utf8") : body)
const sizeOf = (body: Buffer | Bytes): number => (isBytes(body) ? body.size : body.length)
export const half = (reply: Reply): Buffer | Bytes => {
  const body = whole(reply)
  const size = Math.floor(sizeOf(body) / 2)
  return isBytes(body) ? firstBytes(body, size) : body.subarray(0, size)
}

export const send = (reply: Reply, response: ServerResponse): void => {
  const { status, headers } = reply
  if (status === 204) {
    response.writeHead(status, headers).end()
    return
  }
  const body = whole(reply)
  response.writeHead(status, { ...headers, "content-length": sizeOf(body) })
  if (isBytes(body)) flow(Readable.from(body.read(0, body.size)), response)
  else response.end(body)
}

/** What cannot go on ends the connection, and who has gone ends the reading. */
export const flow = (stream: Readable, response: ServerResponse): void => {
  stream.on("error", () => response.destroy())
  response.on("close", () => stream.destroy())
  stream.pipe(response)
}

/** The head promises the whole body; the socket ends in the middle of it. */
export const cutShort = (reply: Reply, response: ServerResponse): void => {
  response.writeHead(reply.status, { ...reply.headers, "content-length": sizeOf(whole(reply)) })
  const part = half(reply)
  const stream = Readable.from(isBytes(part) ? part.read(0, part.size) : [part])
  stream.on("error", () => response.destroy())
  stream.on("end", () => response.destroy())
  stream.on("data", (piece: Buffer) => {
    if (response.write(piece)) return
    stream.pause()
    response.once("drain", () => stream.resume())
  })
}

const trickles = 10

/** The head at once, the body in ten pieces over the time. */
export const trickle = (reply: Reply, response: ServerResponse, millis: number): void => {
  const body = whole(reply)
  const size = sizeOf(body)
  response.writeHead(reply.status, { ...reply.headers, "content-length": size })
  const pieces = async function* (): AsyncIterable<Buffer> {
    for (let k = 0; k < trickles; k++) {
      const [from, to] = [Math.floor((size * k) / trickles), Math.floor((size * (k + 1)) / trickles)]
      await after(millis / trickles)
      if (isBytes(body)) yield* body.read(from, to)
      else yield body.subarray(from, to)
    }
  }
  flow(Readable.from(pieces()), response)
}
