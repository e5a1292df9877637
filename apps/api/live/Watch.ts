// Watched jobs: one snapshot for all who watch a job, at most ten a second, only while it changes. For Stream and Socket.
// A message on the progress topic has a job read at once, or when its rest is over; the slow round sees what no message told.
import type { JobProgress } from "@bridge/contract/Live"
import type { Problem } from "@bridge/contract/Problem"
import { isFinal } from "@bridge/domain/Jobs"
import { Clock, Context, Deferred, Effect, Layer, PubSub, Queue, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { inTenant } from "../http/Rows.ts"
import { paced, remember } from "./Pace.ts"
import { isDue, isFresh, restUntil, untilNext } from "./Rounds.ts"
import { type Counts, countsOf, type Look, type Standing, standingOf } from "./Snapshot.ts"

/** Said again when nothing changes, so that proxies keep the connection and a dead client is noticed. */
const aliveMillis = 15_000

interface Watched {
  readonly tenantId: string
  readonly jobId: string
  readonly hub: PubSub.PubSub<JobProgress>
  watchers: number
  due: boolean
  readAt: number
  toldAt: number
  restUntil: number
  remembered: ReadonlyArray<Standing>
  last: JobProgress | undefined
  /** Counted beside, since it takes longer the more records there are. */
  counts: ReadonlyArray<Counts>
  countAfter: number
  counting: boolean
}

export class Watch extends Context.Service<
  Watch,
  {
    /** First as the job is now, then every change, and it ends with the job. A stranger's job is unknown (Promise 5). */
    readonly job: (
      tenantId: string,
      jobId: string
    ) => Effect.Effect<Stream.Stream<JobProgress>, Problem<404> | Problem<503>, Scope.Scope>
    /** Something happened to a job: it is read again in the next round. */
    readonly touch: (jobId: string) => void
    /** Ends every stream: the server waits for open answers when it stops. */
    readonly close: Effect.Effect<void>
  }
>()("bridge/api/Watch") {
  static readonly layer = Layer.effect(Watch, Effect.suspend(make))
}

const look = (tenantId: string, jobId: string, known?: ReadonlyArray<Counts>) =>
  inTenant(tenantId)(standingOf(jobId, known))

function make() {
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const jobs = new Map<string, Watched>()
    const closed = yield* Deferred.make<void>()
    const bell = yield* Queue.sliding<void>(1)
    const scope = yield* Effect.scope

    const read = (w: Watched) =>
      Effect.gen(function* () {
        w.due = false
        const began = yield* Clock.currentTimeMillis
        const { standing: quick } = yield* look(w.tenantId, w.jobId, w.counts)
        // Another state, and the end above all, is told with its own counts.
        const moved = quick.state !== w.last?.state || quick.revision !== w.last.revision
        if (!moved) yield* Effect.forkIn(recount(w), scope)
        yield* moved ? takeWhole(w, yield* look(w.tenantId, w.jobId), began) : take(w, quick, began)
      }).pipe(Effect.provideService(SqlClient.SqlClient, sql))

    const recount = (w: Watched) =>
      Effect.gen(function* () {
        const began = yield* Clock.currentTimeMillis
        if (w.counting || began < w.countAfter) return
        w.counting = true
        const counts = yield* inTenant(w.tenantId)(countsOf(w.jobId)).pipe(
          Effect.ensuring(Effect.sync(() => (w.counting = false)))
        )
        w.countAfter = restUntil(began, yield* Clock.currentTimeMillis)
        const before = new Map(w.counts.map((c) => [c.entity, c]))
        if (counts.every((c) => JSON.stringify(c) === JSON.stringify(before.get(c.entity)))) return
        w.counts = counts
        wake(w)
      }).pipe(Effect.ignore, Effect.provideService(SqlClient.SqlClient, sql))

    const wake = (w: Watched) => {
      if (w.due) return
      w.due = true
      Queue.offerUnsafe(bell, undefined)
    }

    const takeWhole = (w: Watched, { counts, standing }: Look, began: number) =>
      Effect.suspend(() => {
        w.counts = counts
        return take(w, standing, began)
      })

    const take = (w: Watched, now: Standing, began: number) =>
      Effect.gen(function* () {
        w.readAt = Date.parse(now.at)
        w.restUntil = restUntil(began, w.readAt)
        w.remembered = remember(w.remembered, now)
        const next = paced(w.remembered)
        if (next === undefined || (same(w.last, next) && w.readAt - w.toldAt < aliveMillis)) return
        w.last = next
        w.toldAt = w.readAt
        yield* PubSub.publish(w.hub, next)
      })

    const round = Effect.gen(function* () {
      const nowMillis = yield* Clock.currentTimeMillis
      const due = [...jobs.values()].filter((w) => isDue(w, nowMillis))
      yield* Effect.forEach(due, (w) => Effect.ignore(read(w)), { concurrency: 2, discard: true })
      yield* Effect.raceFirst(Queue.take(bell), Effect.sleep(untilNext(jobs.values(), yield* Clock.currentTimeMillis)))
    })
    yield* Effect.forkScoped(Effect.forever(round))

    const enter = (tenantId: string, jobId: string) =>
      Effect.acquireRelease(
        Effect.gen(function* () {
          const have = jobs.get(jobId)
          if (have !== undefined && have.tenantId === tenantId) {
            have.watchers++
            return have
          }
          const hub = yield* PubSub.sliding<JobProgress>(8)
          const w: Watched = {
            tenantId,
            jobId,
            hub,
            watchers: 1,
            due: false,
            readAt: 0,
            toldAt: 0,
            restUntil: 0,
            remembered: [],
            last: undefined,
            counts: [],
            countAfter: 0,
            counting: false
          }
          jobs.set(jobId, w)
          return w
        }),
        (w) =>
          Effect.sync(() => {
            w.watchers--
            if (w.watchers === 0 && jobs.get(jobId) === w) jobs.delete(jobId)
          })
      )

    const job = (tenantId: string, jobId: string) =>
      Effect.gen(function* () {
        const began = yield* Clock.currentTimeMillis
        // First the look that may refuse: nobody enters the round for a job that is not theirs. One that is watched by its
        // tenant was looked at a moment ago: a thousand who come at once do not look again each.
        const known = jobs.get(jobId)
        const now =
          known?.tenantId === tenantId && known.last !== undefined && isFresh(known, began)
            ? undefined
            : yield* look(tenantId, jobId).pipe(Effect.provideService(SqlClient.SqlClient, sql))
        const w = yield* enter(tenantId, jobId)
        const updates = yield* PubSub.subscribe(w.hub)
        if (now !== undefined) yield* takeWhole(w, now, began)
        else if (w.last === undefined) yield* read(w)
        const first = w.last
        const rest = Stream.fromSubscription(updates)
        return Stream.concat(first === undefined ? Stream.empty : Stream.succeed(first), rest).pipe(
          Stream.interruptWhen(Deferred.await(closed)),
          Stream.changesWith((a, b) => a === b),
          Stream.takeUntil((p) => isFinal(p.state))
        )
      })

    return Watch.of({
      job,
      touch: (jobId) => {
        const w = jobs.get(jobId)
        if (w !== undefined) wake(w)
      },
      close: Effect.asVoid(Deferred.succeed(closed, undefined))
    })
  })
}

/** Equal but for the time, and what time has made of the time left: nothing to tell. */
const same = (a: JobProgress | undefined, b: JobProgress): boolean =>
  a !== undefined && JSON.stringify(timeless(a)) === JSON.stringify(timeless(b))

const timeless = (p: JobProgress) => ({ ...p, at: "", eta: p.eta === null, secondsLeft: p.secondsLeft === null })
