// Budgets shared by all processes: one row of `rate_budgets` per connection, locked while it is read and changed, from which
// a process leases as many calls as are waiting in it. For the services; the rules are Pace.ts. Promises 5 and 7.
import { randomUUID } from "node:crypto"
import { Effect, Exit, Layer, Schedule, Semaphore } from "effect"
import { SqlClient } from "effect/sql"
import { Budgets, longestNapMillis } from "./Budgets.ts"
import { type Lane, LaneState, type Lesson, type Paces, type Permit, takeAll, teach } from "./Lane.ts"
import { monotonicMillis } from "./Wire.ts"

/** Most calls leased at one time. */
const largestLease = 32
/** A lease that nobody used goes back after this. */
const leaseMillis = 1_000
/** What was learnt is written at the latest after this. */
const flushMillis = 200
/** A process with calls in flight says so this often. */
const beatMillis = 2_000
/** One that has not been heard of for this long is dead, and its calls with it (Promise 8: on within 10 s). */
const ownerMillis = 6_000

/** The row. `owners`: calls in flight by process and budget, so that those of a killed process do not count for ever. */
interface Stored {
  readonly paces: Paces
  readonly owners: {
    readonly [owner: string]: { readonly seen: number; readonly inFlight: { readonly [name: string]: number } }
  }
}

interface Lease {
  readonly names: ReadonlyArray<string>
  readonly cost: number
  calls: number
  until: number
  sentAt: number
}

/** One process's side of a lane. */
interface Local {
  readonly lane: Lane
  readonly leases: Map<string, Lease>
  readonly turns: Map<string, Semaphore.Semaphore>
  readonly waiting: Map<string, number>
  /** Permits given and not settled yet. */
  open: number
  lessons: Array<{ readonly permit: Permit; readonly lesson: Lesson }>
  flushing: boolean
}

/** The share of a connection from now on, in every process: also where it was opened with another. In the caller's transaction. */
export const holdShare = (tenantId: string, connectionId: string, share: number) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`insert into rate_budgets (key, share) values (${`${tenantId}/${connectionId}`}, ${share}::real)
      on conflict (key) do update set share = excluded.share`
  )

export const layer: Layer.Layer<Budgets, never, SqlClient.SqlClient> = Layer.effect(
  Budgets,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const scope = yield* Effect.scope
    const owner = randomUUID()
    const lanes = new Map<string, Local>()

    const localOf = (lane: Lane): Local => {
      const known = lanes.get(keyOf(lane)) ?? {
        lane,
        leases: new Map(),
        turns: new Map(),
        waiting: new Map(),
        open: 0,
        lessons: [],
        flushing: false
      }
      lanes.set(keyOf(lane), known)
      return known
    }

    /**
     * Under the row's lock: what was learnt here goes in, leases that expired go back, and `want` calls are asked for and
     * leased. An interrupted caller must lose neither lessons nor calls: they would count as in flight for ever. So one
     * attempt is whole, and only the wait between two can be interrupted.
     */
    const visit: Visit = (local, ask) =>
      Effect.suspend(() => {
        const { cost, names, want } = ask ?? nothing
        const lessons = local.lessons
        local.lessons = []
        // Leased and not made before their time: they were never sent.
        const unused = [...local.leases.values()].filter(({ calls, until }) => calls > 0 && monotonicMillis() >= until)
        return sql
          .withTransaction(
            Effect.gen(function* () {
              const key = keyOf(local.lane)
              const { now, share, stored } = yield* locked(sql, key)
              const state = new LaneState({ ...local.lane, share: share ?? local.lane.share }, stored.paces)
              const mine = adopt(state, stored, owner, now)
              for (const { permit, lesson } of lessons) teach(state, permit, lesson, now)
              for (const lease of unused)
                for (let i = 0; i < lease.calls; i++) teach(state, lease, { readings: [] }, now)
              let granted = 0
              let wait = 0
              while (granted < want && wait === 0) {
                wait = takeAll(state, names, now, cost)
                if (wait === 0) granted += 1
              }
              const next: Stored = {
                paces: state.paces,
                owners: { ...mine.others, [owner]: { seen: now, inFlight: mine.own() } }
              }
              yield* sql`update rate_budgets set state = ${JSON.stringify(next)}::jsonb, lease_owner = ${owner},
                lease_until = clock_timestamp() + make_interval(secs => ${leaseMillis / 1000}), updated_at = now() where key = ${key}`
              return { granted, wait, now }
            })
          )
          .pipe(
            Effect.tap(({ granted, now }) =>
              Effect.sync(() => {
                for (const lease of unused) lease.calls = 0
                if (ask !== undefined) leased(local, ask, granted, now)
              })
            ),
            Effect.tapError((error) => {
              local.lessons.unshift(...lessons)
              return Effect.logWarning(`budgets wait for the database: ${error.message}`)
            })
          )
      }).pipe(Effect.uninterruptible, Effect.retry(whileAway), Effect.orDie)

    const flush = (local: Local) =>
      Effect.gen(function* () {
        yield* Effect.sleep(flushMillis)
        local.flushing = false
        if (local.lessons.length > 0) yield* visit(local)
      })

    const beat = Effect.suspend(() =>
      Effect.forEach(
        [...lanes.values()].filter(({ open }) => open > 0),
        (local) => visit(local),
        { discard: true }
      )
    )
    yield* Effect.forkScoped(Effect.repeat(beat, Schedule.spaced(beatMillis)))

    const settle: (typeof Budgets.Service)["settle"] = (lane, permit, lesson) =>
      Effect.suspend(() => {
        const local = localOf(lane)
        local.open = Math.max(0, local.open - 1)
        local.lessons.push({ permit, lesson })
        if (lesson.throttledMillis !== undefined) return Effect.asVoid(visit(local))
        if (local.flushing) return Effect.void
        local.flushing = true
        return Effect.asVoid(Effect.forkIn(flush(local), scope))
      })

    return Budgets.of({
      acquire: (lane, names, cost = 1) =>
        Effect.suspend(() => {
          const local = localOf(lane)
          let taken: Permit | undefined
          const take = (lease: Lease): Permit => {
            lease.calls -= 1
            local.open += 1
            taken = { names, sentAt: lease.sentAt, cost }
            return taken
          }
          // Interrupted on its last steps: nobody has the permit, so nobody will settle it.
          return Effect.onExit(acquire(local, { names, cost, want: 1 }, visit, take), (exit) =>
            Exit.isFailure(exit) && taken !== undefined ? settle(lane, taken, { readings: [] }) : Effect.void
          )
        }),
      settle
    })
  })
)

/** Calls that are asked for. */
interface Ask {
  readonly names: ReadonlyArray<string>
  readonly cost: number
  readonly want: number
}

const nothing: Ask = { names: [], cost: 1, want: 0 }

type Visit = (
  local: Local,
  ask?: Ask
) => Effect.Effect<{ readonly granted: number; readonly wait: number; readonly now: number }>

const keyOfAsk = ({ cost, names }: Ask): string => `${names.join("+")}*${cost}`

const leased = (local: Local, ask: Ask, granted: number, now: number): void => {
  const { cost, names } = ask
  local.leases.set(keyOfAsk(ask), { names, cost, calls: granted, until: monotonicMillis() + leaseMillis, sentAt: now })
}

/** Waits for a lease with a call in it and takes it, before anybody else has the turn. */
const acquire = (local: Local, ask: Ask, visit: Visit, take: (lease: Lease) => Permit): Effect.Effect<Permit> => {
  const key = keyOfAsk(ask)
  const turn = local.turns.get(key) ?? Semaphore.makeUnsafe(1)
  local.turns.set(key, turn)
  const count = (change: number) => Effect.sync(() => local.waiting.set(key, (local.waiting.get(key) ?? 0) + change))
  const once: Effect.Effect<Permit> = Effect.gen(function* () {
    for (;;) {
      const lease = local.leases.get(key)
      if (lease !== undefined && lease.calls > 0 && monotonicMillis() < lease.until) return take(lease)
      const want = Math.min(largestLease, Math.max(1, local.waiting.get(key) ?? 1))
      const { granted, wait } = yield* visit(local, { ...ask, want })
      if (granted === 0) yield* Effect.sleep(Math.min(Math.max(wait, 1), longestNapMillis))
    }
  })
  return Effect.acquireUseRelease(
    count(1),
    () => turn.withPermit(once),
    () => count(-1)
  )
}

/** Sets each budget's calls in flight to those of living processes, and gives our own part back after the changes. */
const adopt = (state: LaneState, stored: Stored, owner: string, now: number) => {
  const others = Object.fromEntries(
    Object.entries(stored.owners).filter(([id, { seen }]) => id !== owner && seen > now - ownerMillis)
  )
  const sum = (name: string) => Object.values(others).reduce((total, { inFlight }) => total + (inFlight[name] ?? 0), 0)
  const mine = stored.owners[owner]?.inFlight ?? {}
  for (const [name, pace] of Object.entries(state.paces)) pace.inFlight = sum(name) + (mine[name] ?? 0)
  const own = () =>
    Object.fromEntries(
      Object.entries(state.paces).map(([name, pace]) => [name, Math.max(0, pace.inFlight - sum(name))])
    )
  return { others, own }
}

const locked = (sql: SqlClient.SqlClient, key: string) =>
  Effect.gen(function* () {
    const select = sql<{
      state: Partial<Stored>
      share: number | null
      now: number
    }>`select state, share::float8 as share, (extract(epoch from clock_timestamp()) * 1000)::float8 as now
      from rate_budgets where key = ${key} for update`
    const [row] = yield* select
    if (row !== undefined) return { now: row.now, share: row.share, stored: storedOf(row.state) }
    yield* sql`insert into rate_budgets (key) values (${key}) on conflict do nothing`
    const [made] = yield* select
    return { now: made?.now ?? 0, share: made?.share ?? null, stored: storedOf(made?.state ?? {}) }
  })

const storedOf = (state: Partial<Stored>): Stored => ({ paces: state.paces ?? {}, owners: state.owners ?? {} })

const keyOf = (lane: Lane): string => `${lane.tenantId}/${lane.connectionId}`

/** The database is away: nothing can be paced, so nothing goes. */
const whileAway = Schedule.spaced("1 second")
