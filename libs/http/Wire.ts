// One HTTP exchange over undici: connects only where it may, tells whether the request left, keeps the body's bytes. For
// VendorHttp. What does not belong here: pacing, retries, what an answer means.
import { promisify } from "node:util"
import { brotliDecompress, gunzip, inflate } from "node:zlib"
import { Config, Context, Effect, Layer, Schema } from "effect"
import { Agent, type Dispatcher } from "undici"
import { parseHostMap } from "./Addresses.ts"
import type { Answer } from "./Call.ts"
import { AddressRefused, guardedConnector } from "./Connect.ts"
import { bodyOf, type Received, type Sink, TooLarge } from "./Receive.ts"

/** A request ready to go: absolute https URL, all headers. */
export interface WireRequest {
  readonly method: Dispatcher.HttpMethod
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Monotonic milliseconds (`monotonicMillis`): not written after it, and cut at it. */
  readonly deadline: number
}

/** The exchange did not end in a whole answer. `sent` is false only when no byte of the request can have left. */
export class WireError extends Schema.TaggedError<WireError>()("WireError", {
  kind: Schema.Literals(["address", "request", "connect", "deadline", "cut", "body"]),
  message: Schema.String,
  sent: Schema.Boolean
}) {}

/** `BRIDGE_HOST_MAP` cannot be used. Who started the process acts. */
export class BadHostMap extends Schema.TaggedError<BadHostMap>()("BadHostMap", { message: Schema.String }) {}

/** Milliseconds of a clock that no one sets. */
export const monotonicMillis = (): number => performance.now()

export class Wire extends Context.Service<
  Wire,
  {
    readonly send: (request: WireRequest) => Effect.Effect<Answer, WireError>
    /** The same with the body handed on as it comes, decompressed; at most `maxBytes` of it. */
    readonly receive: (request: WireRequest, sink: Sink) => Effect.Effect<Received, WireError>
  }
>()("bridge/http/Wire") {
  /** The real network. Names the entries of `BRIDGE_HOST_MAP` in the log: they are the only way to a private address. */
  static readonly layer = Layer.effect(
    Wire,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const text = yield* Config.String("BRIDGE_HOST_MAP").pipe(Config.withDefault(""))
  const map = text.trim() === "" ? [] : parseHostMap(text)
  if (typeof map === "string") return yield* new BadHostMap({ message: map })
  for (const { pattern, origin } of map)
    yield* Effect.logWarning(`calls for ${pattern} go to ${origin.origin} (BRIDGE_HOST_MAP)`)
  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Agent({ ...limits, connect: guardedConnector(map) })),
    (open) => Effect.promise(() => open.destroy())
  )
  return Wire.of({
    send: (request) => exchange(agent, request),
    receive: (request, sink) => received(agent, request, sink)
  })
})

/** Timeouts are the request's own deadline; a vendor may take a minute to its first byte (exports). */
const limits = {
  connections: 64,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: 65_536,
  keepAliveTimeout: 4_000
}

/** Largest body we accept, after decompression. */
const maxBodyBytes = 256 * 1024 * 1024

interface Raw {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

const exchange = (agent: Agent, request: WireRequest): Effect.Effect<Answer, WireError> =>
  Effect.callback<Raw, WireError>((resume) => {
    const handler = new Exchange(request.deadline, (end) =>
      resume(end instanceof WireError ? Effect.fail(end) : Effect.succeed(end))
    )
    agent.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: { "accept-encoding": "gzip, br", ...request.headers },
        body: request.body ?? null
      },
      handler
    )
    return Effect.sync(() => handler.abandon("interrupted"))
  }).pipe(Effect.flatMap(decompress))

/** A body is not waited for longer than this between two pieces of it. */
const quietMillis = 60_000

const received = (agent: Agent, request: WireRequest, sink: Sink): Effect.Effect<Received, WireError> =>
  Effect.suspend(() => {
    let sent = false
    return Effect.tryPromise({
      try: async (signal): Promise<Received> => {
        const left = AbortSignal.timeout(Math.max(1, Math.ceil(request.deadline - monotonicMillis())))
        const { body, headers, statusCode } = await agent.request({
          origin: request.url.origin,
          path: request.url.pathname + request.url.search,
          method: request.method,
          headers: { ...request.headers, "accept-encoding": "identity" },
          signal: AbortSignal.any([signal, left]),
          headersTimeout: quietMillis,
          bodyTimeout: quietMillis
        })
        sent = true
        return bodyOf({ status: statusCode, headers: flat(headers), body }, sink)
      },
      catch: (cause) => {
        const kind =
          cause instanceof AddressRefused ? "address" : cause instanceof TooLarge ? "body" : sent ? "cut" : "connect"
        return new WireError({ kind, message: words(cause as Error), sent })
      }
    })
  })

/** Follows one dispatch. The deadline is looked at last before the first byte is written, and the socket dies with it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #deadline: number
  readonly #done: (end: Raw | WireError) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #sent = false
  #ended = false
  #status = 0
  #headers: Record<string, string> = {}
  #chunks: Array<Buffer> = []
  #bytes = 0

  constructor(deadline: number, done: (end: Raw | WireError) => void) {
    this.#deadline = deadline
    this.#done = done
    const left = Math.max(0, deadline - monotonicMillis())
    this.#timer = setTimeout(
      () => this.#fail("deadline", "not answered before its deadline"),
      Math.min(left, 2 ** 31 - 1)
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ended) controller.abort(new Error("given up"))
    else if (monotonicMillis() >= this.#deadline) this.#fail("deadline", "its deadline passed before it could be sent")
    else this.#sent = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void {
    if (status < 200) return
    this.#controller = controller
    this.#status = status
    this.#headers = flat(headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > maxBodyBytes) this.#fail("body", "the answer is too large")
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const only = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    this.#end({ status: this.#status, headers: this.#headers, body: only ?? Buffer.concat(this.#chunks) })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const kind =
      error instanceof AddressRefused ? "address" : this.#sent ? "cut" : unsendable(error) ? "request" : "connect"
    this.#fail(kind, words(error))
  }

  abandon(why: string): void {
    this.#fail("cut", why)
  }

  #fail(kind: WireError["kind"], message: string): void {
    if (this.#ended) return
    this.#end(new WireError({ kind, message, sent: this.#sent }))
    this.#controller?.abort(new Error(message))
  }

  #end(end: Raw | WireError): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#chunks = []
    this.#done(end)
  }
}

/** The client's own word on a request that HTTP has no form for (a sign that no header may hold): it will say it again. */
const unsendable = (error: Error & { code?: string }): boolean => error.code === "UND_ERR_INVALID_ARG"

const flat = (headers: Record<string, string | Array<string> | undefined>): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) out[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value
  return out
}

/** The code and message of a network error; an AggregateError has its words inside. */
const words = (error: Error & { code?: string }): string => {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return words(error.errors[0])
  return [error.code, error.message].filter((part) => part !== undefined && part !== "").join(": ")
}

const unpack = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: promisify(inflate)
} as const

/** Pages of JSON shrink to a tenth and less: room for one in few pieces, which are to be joined. */
const unpackedRoom = (bytes: number): number => Math.max(16_384, Math.min(bytes * 8, 2 * 1024 * 1024))

const decompress = (raw: Raw): Effect.Effect<Answer, WireError> => {
  const encoding = raw.headers["content-encoding"]?.trim().toLowerCase() ?? ""
  const how = Object.hasOwn(unpack, encoding) ? unpack[encoding as keyof typeof unpack] : undefined
  if (how === undefined || raw.body.length === 0) return Effect.succeed(raw)
  return Effect.tryPromise({
    try: () => how(raw.body, { chunkSize: unpackedRoom(raw.body.length), maxOutputLength: maxBodyBytes }),
    catch: (cause) =>
      new WireError({ kind: "body", message: `the ${encoding} body is broken: ${words(cause as Error)}`, sent: true })
  }).pipe(Effect.map((body) => ({ ...raw, body })))
}
