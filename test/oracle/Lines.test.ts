import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, expect, it } from "vitest"
import { json, lines } from "./Lines.ts"

let server: Server | undefined
afterEach(() => new Promise<void>((closed) => (server === undefined ? closed() : server.close(() => closed()))))

/** Answers with these bytes, `size` at a time. */
const answering = async (text: string, size: number, status = 200): Promise<{ url: string; hosts: Array<string> }> => {
  const hosts: Array<string> = []
  const bytes = Buffer.from(text, "utf8")
  const started = createServer(async (call, answer) => {
    hosts.push(`${call.headers.host} ${call.headers.authorization ?? "-"}`)
    answer.writeHead(status)
    for (let at = 0; at < bytes.length; at += size) {
      answer.write(bytes.subarray(at, at + size))
      await new Promise((soon) => setImmediate(soon))
    }
    answer.end()
  })
  server = started
  await new Promise<void>((listening) => started.listen(0, "127.0.0.1", listening))
  return { url: `http://127.0.0.1:${(started.address() as AddressInfo).port}/`, hosts }
}

const all = async (url: string): Promise<ReadonlyArray<unknown>> => {
  const read: Array<unknown> = []
  for await (const line of lines(url)) read.push(line)
  return read
}

it.each([1, 2, 7, 10_000])("reads whole lines, whatever pieces of %i bytes they come in", async (size) => {
  const { url } = await answering('{"a":"é🙂"}\n\n{"a":"יום"}\n{"a":3}', size)
  expect(await all(url)).toEqual([{ a: "é🙂" }, { a: "יום" }, { a: 3 }])
})

it("reads a vendor's answer under the vendor's host name", async () => {
  const { hosts, url } = await answering('{"ok":true}', 4)
  expect(await json(url, "acme.zendesk.com", "me:key")).toEqual({ ok: true })
  expect(hosts).toEqual([`acme.zendesk.com Basic ${Buffer.from("me:key").toString("base64")}`])
})

it("does not take a refusal for an empty answer", async () => {
  const { url } = await answering("", 1, 404)
  await expect(all(url)).rejects.toThrow("404")
})
