// The one listening port: reads a call, finds who is meant by the Host header, obeys fault orders, sends the answer.
import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { type AdminAnswer, answerAdmin } from "./Admin.ts"
import type { ActiveFault } from "./Faults.ts"
import { answerFreshservice } from "./freshservice/Freshservice.ts"
import { accessDenied, answerPortal, answerStorage, isStorage } from "./freshservice/Storage.ts"
import { type Answered, type Call, empty, html, json, type Reply, text } from "./Reply.ts"
import { cutShort, flow, half, send, trickle } from "./Sending.ts"
import type { Spool } from "./Spool.ts"
import type { World } from "./World.ts"
import { answerContentHost, isContentHost } from "./zendesk/Content.ts"
import { tooManyRequests } from "./zendesk/Errors.ts"
import { expireUploads } from "./zendesk/Uploads.ts"
import { answerZendesk } from "./zendesk/Zendesk.ts"

type Vendor = "freshservice" | "zendesk"

export const makeServer = (world: World, spool: Spool): Server => {
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    readCall(request, spool)
      .then((call) => serve(world, call, request, response))
      .catch((error: unknown) => failed(error, response))
  })
  server.on("clientError", (_, socket) => socket.destroy())
  return server
}

/** A caller that went away, or a defect of the sandbox: said loudly, and never the end of the process. */
const failed = (error: unknown, response: ServerResponse): void => {
  if (response.destroyed) return
  process.stderr.write(`sandbox defect: ${error instanceof Error ? error.stack : String(error)}\n`)
  if (response.headersSent) response.destroy()
  else send(json(500, { error: `sandbox defect: ${String(error)}` }), response)
}

/** Uploads, which may be large, are put away while they come in. */
const isUpload = (request: IncomingMessage): boolean =>
  request.method === "POST" && /^\/api\/v2\/uploads(?:\.json)?(?:\?|$)/.test(request.url ?? "")

const readCall = async (request: IncomingMessage, spool: Spool): Promise<Call> => {
  const chunks: Array<Buffer> = []
  const upload = isUpload(request) ? spool.begin() : null
  for await (const chunk of request) {
    if (upload === null) chunks.push(chunk as Buffer)
    else upload.add(chunk as Buffer)
  }
  const url = request.url ?? "/"
  const mark = url.indexOf("?")
  const search = mark < 0 ? "" : url.slice(mark)
  return {
    method: request.method ?? "GET",
    host: (request.headers.host ?? "").split(":")[0]?.toLowerCase() ?? "",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(search),
    search,
    headers: request.headers,
    body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
    file: upload?.done() ?? null,
    requestId: randomUUID()
  }
}

const vendorOf = (host: string): Vendor | null =>
  host.endsWith(".freshservice.com")
    ? "freshservice"
    : host.endsWith(".zendesk.com") || host.endsWith(".zdusercontent.com")
      ? "zendesk"
      : null

const serve = (world: World, call: Call, request: IncomingMessage, response: ServerResponse): void => {
  const vendor = vendorOf(call.host)
  if (call.path.startsWith("/_admin")) sendAdmin(answerAdmin(world, call), response)
  else if (vendor === null) {
    send(
      json(421, { error: `the sandbox stands for *.freshservice.com and *.zendesk.com, not for ${call.host}` }),
      response
    )
  } else serveVendor(world, vendor, call, request, response)
}

const serveVendor = (
  world: World,
  vendor: Vendor,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse
): void => {
  const fault = world.faults.meet(vendor, call)
  const kind = fault?.order.kind ?? null
  const { reply, operation, account } = spoilt(vendor, call, fault) ?? answer(world, vendor, call)
  // What this call sent is as good as never sent, and nobody says so.
  if (kind === "expired" && vendor === "zendesk") expireSent(world, call)
  const silent = kind === "unanswered" || kind === "drop"
  world.ledger.call({
    vendor,
    account,
    operation,
    method: call.method,
    path: call.path + call.search,
    status: silent ? 0 : reply.status,
    fault: kind,
    request_id: call.requestId
  })
  if (silent) request.socket.destroy()
  else if (kind === "slow") setTimeout(() => send(reply, response), fault?.order.ms ?? 1000).unref()
  else if (kind === "trickle") trickle(reply, response, fault?.order.ms ?? 1000)
  else if (kind === "cut") cutShort(reply, response)
  else send(kind === "truncate" ? { ...reply, body: half(reply) } : reply, response)
}

const expireSent = (world: World, call: Call): void => {
  const account = world.zendesk.get(call.host)
  if (account !== undefined) expireUploads(account, call.requestId)
}

const answer = (world: World, vendor: Vendor, call: Call): Answered =>
  isContentHost(call.host)
    ? answerContentHost(world.zendesk.values(), call)
    : isStorage(call.host)
      ? answerStorage(world.freshservice, call)
      : vendor === "freshservice"
        ? (answerPortal(world.freshservice, call) ?? answerFreshservice(world.freshservice.get(call.host), call))
        : answerZendesk(
            world.zendesk.get(call.host),
            call,
            [...world.zendesk.values()].map((account) => account.options.subdomain)
          )

/** The answer of an order that keeps the call from being done, or null. */
const spoilt = (vendor: Vendor, call: Call, fault: ActiveFault | undefined): Answered | null => {
  if (fault === undefined) return null
  const { order } = fault
  const account = call.host.split(".")[0] ?? null
  const instead = (reply: Reply): Answered => ({ reply, operation: `fault ${order.kind}`, account })
  switch (order.kind) {
    case "429": {
      const seconds = order.retryAfter ?? 1
      return instead(vendor === "zendesk" ? tooManyRequests(seconds) : empty(429, { "retry-after": String(seconds) }))
    }
    case "status":
      return instead(statusReply(order.status ?? 500, order.body, order.retryAfter))
    case "html":
      return instead(
        html(order.status ?? 200, "<!DOCTYPE html><html><body><h1>We are down for maintenance</h1></body></html>")
      )
    case "expired":
      return isStorage(call.host) ? instead(accessDenied()) : null
    case "drop":
      return instead(empty(0))
    default:
      return null
  }
}

const statusReply = (status: number, body: string | undefined, retryAfter: number | undefined): Reply => {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  if (body !== undefined) return text(status, body, headers)
  return status === 504 ? text(504, "upstream request timeout", headers) : empty(status, headers)
}

const sendAdmin = (answer: AdminAnswer, response: ServerResponse): void => {
  if ("reply" in answer) {
    send(answer.reply, response)
    return
  }
  response.writeHead(200, { "content-type": "application/x-ndjson; charset=utf-8" })
  flow(Readable.from(chunks(answer.lines), { objectMode: false }), response)
}

const chunkCharacters = 64_000

const chunks = function* (lines: Iterable<object>): Iterable<string> {
  let chunk = ""
  for (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`
    if (chunk.length > chunkCharacters) {
      yield chunk
      chunk = ""
    }
  }
  if (chunk !== "") yield chunk
}
