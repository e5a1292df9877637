// Reading the sandbox over HTTP: JSON lines one by one, at any size, and the vendors' own answers under their host names.
// For Truth.ts; knows nothing of what the lines mean.
import { type IncomingMessage, request } from "node:http"

const newline = 0x0a

const answered = (url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
  new Promise((answer, refuse) => {
    const call = request(url, { headers }, answer)
    call.on("error", refuse)
    call.end()
  })

const opened = async (url: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> => {
  const answer = await answered(new URL(url), headers)
  if (answer.statusCode === 200) return answer
  answer.resume()
  throw new Error(`GET ${url} ${headers["host"] ?? ""}: ${answer.statusCode}`)
}

/** The lines of an NDJSON answer as they come; only one line is held at a time. */
export const lines = async function* <A>(url: string): AsyncGenerator<A> {
  const answer = await opened(url)
  let held: Array<Buffer> = []
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      held.push(chunk.subarray(from, end))
      from = end + 1
      const line = held.length === 1 ? held[0] : Buffer.concat(held)
      held = []
      if (line !== undefined && line.length > 0) yield JSON.parse(line.toString("utf8")) as A
    }
    if (from < chunk.length) held.push(chunk.subarray(from))
  }
  const last = Buffer.concat(held).toString("utf8").trim()
  if (last !== "") yield JSON.parse(last) as A
}

/** A whole JSON answer; `host` is the vendor's real host name, where one is meant. */
export const json = async <A>(url: string, host?: string, user?: string): Promise<A> => {
  const answer = await opened(url, {
    ...(host === undefined ? {} : { host }),
    ...(user === undefined ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` })
  })
  const parts: Array<Buffer> = []
  for await (const part of answer as AsyncIterable<Buffer>) parts.push(part)
  return JSON.parse(Buffer.concat(parts).toString("utf8")) as A
}
