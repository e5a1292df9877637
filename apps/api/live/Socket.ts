// /api/live: one socket for many jobs, a snapshot and then numbered updates; a client that does not read is skipped. For main.ts.
// The ws package beside Effect's own upgrade listener: Effect's socket has no way to see how much a client has not read.
import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import type { CurrentUser } from "@bridge/contract/Access"
import { LiveRequest, mostJobs } from "@bridge/contract/Live"
import { type Problem, problem } from "@bridge/contract/Problem"
import { Effect, Exit, Fiber, FiberMap, Layer, Metric, Option, Queue, Schedule, Schema } from "effect"
import { HttpServer } from "effect/http"
import { SqlClient } from "effect/sql"
import { type WebSocket, WebSocketServer } from "ws"
import { sameOrigin, WhoIs } from "../access/AccessLive.ts"
import { inTenant } from "../http/Rows.ts"
import { refuseRaw } from "../http/Unparsed.ts"
import { send, sendJob } from "./Outlet.ts"
import { Watch } from "./Watch.ts"

const path = "/api/live"
/** Messages of one client that wait for their turn before its socket is read no more. */
const mostWaiting = 32

type User = CurrentUser["Service"]

const clients = Metric.gauge("bridge_live_clients", { description: "open sockets of /api/live" })

/** Needs the server that HttpServer listens with, and its listener in place. */
export const socket = (server: Server) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      yield* HttpServer.HttpServer
      const context = yield* Effect.context<Watch | WhoIs | SqlClient.SqlClient>()
      const fork = Effect.runForkWith(context)
      const wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false })
      wss.on("wsClientError", (error, socket) => refuseRaw(socket, problem("invalid-request", `${error.message}.`)))
      const others = server.listeners("upgrade") as Array<(q: IncomingMessage, s: Duplex, h: Buffer) => void>
      const dispatch = (q: IncomingMessage, s: Duplex, h: Buffer) => {
        if (q.url?.split("?")[0] !== path) for (const other of others) other(q, s, h)
        else wss.handleUpgrade(q, s, h, (ws) => fork(counted(wss, Effect.scoped(serve(ws, q)))))
      }
      server.removeAllListeners("upgrade")
      server.on("upgrade", dispatch)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          server.off("upgrade", dispatch)
          for (const c of wss.clients) c.close(1012, "restarting")
          wss.close()
        })
      )
    })
  )

const counted = <R>(wss: WebSocketServer, one: Effect.Effect<void, never, R>) => {
  const count = Effect.suspend(() => Metric.update(clients, wss.clients.size))
  return Effect.andThen(count, Effect.ensuring(one, count))
}

/** One client, until it closes or its token ends. */
const serve = (ws: WebSocket, request: IncomingMessage) =>
  Effect.gen(function* () {
    const incoming = yield* Effect.map(Queue.unbounded<string>(), (queue) => inbox(ws, queue))
    const closed = yield* Effect.forkScoped(
      Effect.callback<void>((resume) => {
        ws.on("message", (bytes) => incoming.put(String(bytes)))
        ws.on("error", () => ws.terminate())
        ws.on("close", () => resume(Effect.void))
      })
    )
    const talk = Effect.gen(function* () {
      const token = yield* tokenOf(request, incoming)
      const user = yield* Effect.flatMap(WhoIs, (w) => w.of(token))
      send(ws, { type: "ready", tenantId: user.tenantId })
      const gone = Effect.andThen(
        Effect.flatMap(WhoIs, (w) => w.gone(user)),
        Effect.fail(problem("sign-in-needed", "The session has ended."))
      )
      yield* Effect.raceFirst(gone, Effect.raceFirst(alive(ws), converse(ws, user, incoming)))
    })
    yield* Effect.raceFirst(Fiber.join(closed), talk).pipe(Effect.catch((p) => refuse(ws, p)))
    ws.close(1000)
  }).pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(
        Effect.logError("socket failed", cause),
        Effect.sync(() => ws.close(1011))
      )
    )
  )

interface Inbox {
  readonly put: (text: string) => void
  readonly take: Effect.Effect<string>
}

/** A client that sends faster than it is answered is read slower: its messages wait in its own machine. */
const inbox = (ws: WebSocket, queue: Queue.Queue<string>): Inbox => ({
  put: (text) => {
    Queue.offerUnsafe(queue, text)
    if (Queue.sizeUnsafe(queue) >= mostWaiting) ws.pause()
  },
  take: Effect.tap(Queue.take(queue), () =>
    Effect.sync(() => {
      if (ws.isPaused && Queue.sizeUnsafe(queue) === 0) ws.resume()
    })
  )
})

const refuse = (ws: WebSocket, p: Problem) =>
  Effect.sync(() => {
    tell(ws, p)
    ws.close(p.status === 401 ? 4401 : 4000, p.code)
  })

/** From the header, from the cookie of our own pages, or from a first message within ten seconds. */
const tokenOf = (request: IncomingMessage, incoming: Inbox) =>
  Effect.gen(function* () {
    const bearer = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1]
    if (bearer !== undefined) return bearer
    const cookie = /(?:^|;\s*)bridge_access=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]
    const { host, origin } = request.headers
    // Any page may open a socket, and the browser adds the cookie: only our own pages may use it.
    if (cookie !== undefined && origin !== undefined && sameOrigin("POST", { origin, host })) return cookie
    const first = yield* incoming.take.pipe(Effect.timeoutOption("10 seconds"))
    const asked = Option.match(first, { onNone: () => undefined, onSome: read })
    if (asked?.type === "auth") return asked.token
    return yield* Effect.fail(problem("sign-in-needed", 'The first message must be {"type":"auth","token":"..."}.'))
  })

/** Answers requests for ever; each subscription is a fiber of its own. */
const converse = (ws: WebSocket, user: User, incoming: Inbox) =>
  Effect.gen(function* () {
    const followed = yield* FiberMap.make<string>()
    /** Those that fit; false when there were more. */
    const follow = (asked: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        for (const jobId of new Set(asked.map((id) => id.toLowerCase()))) {
          if (yield* FiberMap.has(followed, jobId)) continue
          if ((yield* FiberMap.size(followed)) > mostJobs) return false
          yield* FiberMap.run(followed, jobId, following(ws, user, jobId))
        }
        return true
      })
    return yield* Effect.forever(
      Effect.gen(function* () {
        const asked = read(yield* incoming.take)
        if (asked === undefined) return tell(ws, problem("invalid-request", "The message is not one of /api/live."))
        if (asked.type === "auth") return
        if (asked.type === "unsubscribe") {
          for (const jobId of asked.jobs ?? []) yield* FiberMap.remove(followed, jobId.toLowerCase())
          if (asked.tenant === true) yield* FiberMap.remove(followed, "tenant")
          return
        }
        if (!(yield* follow(asked.jobs ?? [])))
          tell(ws, problem("invalid-request", `At most ${mostJobs} jobs on one socket.`))
        if (asked.tenant === true)
          yield* FiberMap.run(followed, "tenant", tenantJobs(user, follow), { onlyIfMissing: true })
      })
    )
  })

/** All live jobs of the tenant, new ones within two seconds. */
const tenantJobs = (user: User, follow: (jobIds: ReadonlyArray<string>) => Effect.Effect<boolean, never, Watch>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ id: string }>`select id from jobs where state not in ('completed', 'failed', 'cancelled')
      order by id desc limit ${mostJobs}`
  ).pipe(
    inTenant(user.tenantId),
    Effect.flatMap((rows) => follow(rows.map((r) => r.id))),
    Effect.ignore,
    Effect.repeat(Schedule.spaced("2 seconds"))
  )

const following = (ws: WebSocket, user: User, jobId: string) =>
  Effect.flatMap(Watch, (watch) => watch.job(user.tenantId, jobId)).pipe(
    Effect.flatMap((progress) => sendJob(ws, progress)),
    Effect.scoped,
    Effect.catch((p) => Effect.sync(() => tell(ws, p)))
  )

/** Pings; a client that did not answer the one before is gone. */
const alive = (ws: WebSocket) =>
  Effect.suspend(() => {
    let answered = true
    ws.on("pong", () => {
      answered = true
    })
    return Effect.suspend(() => {
      if (!answered) {
        ws.terminate()
        return Effect.never
      }
      answered = false
      ws.ping()
      return Effect.void
    }).pipe(Effect.repeat(Schedule.spaced("30 seconds")))
  })

const decode = Schema.decodeUnknownExit(Schema.fromJsonString(LiveRequest))
const read = (text: string): LiveRequest | undefined => {
  const decoded = decode(text)
  return Exit.isSuccess(decoded) ? decoded.value : undefined
}

const tell = (ws: WebSocket, p: Problem): void => {
  const { code, detail, hint, title } = p
  send(ws, { type: "problem", code, title, detail, hint })
}
