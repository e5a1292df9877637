import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Context, Effect, Exit, Layer, Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Budgets } from "./Budgets.ts"
import { holdShare, layer } from "./BudgetsPostgres.ts"
import { budgetsSuite } from "./BudgetsSuite.ts"

let stop = async (): Promise<void> => {}
let env = ConfigProvider.layer(ConfigProvider.fromUnknown({}))

beforeAll(async () => {
  const stack = await testStack()
  stop = stack.stop
  env = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: await freshDatabase(stack.databaseUrl) }))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
})

afterAll(() => stop())

/** Two pools, two owners: as two services are. */
budgetsSuite("postgres", (body) => {
  const process = () => layer.pipe(Layer.provide(Layer.fresh(postgres)), Layer.provide(env))
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const one = yield* Effect.map(Layer.build(Layer.fresh(process())), (context) =>
          Budgets.pipe(Effect.provide(context))
        )
        const other = yield* Effect.map(Layer.build(Layer.fresh(process())), (context) =>
          Budgets.pipe(Effect.provide(context))
        )
        return yield* body(yield* one, yield* other)
      })
    )
  )
})

it("goes on within seconds after a process was killed with calls in flight, and counts those of one that lives", async () => {
  const budget = { name: "account", limit: 100, windowMillis: 60_000, form: "fixed" } as const
  const lane = { tenantId: "killed", connectionId: "c", budgets: [budget], share: 1 }
  const built = (scope: Scope.Scope) =>
    Layer.buildWithScope(Layer.fresh(layer.pipe(Layer.provide(Layer.fresh(postgres)), Layer.provide(env))), scope).pipe(
      Effect.map((context) => Context.get(context, Budgets))
    )
  const [first, second] = [Effect.runSync(Scope.make()), Effect.runSync(Scope.make())]
  const killed = await Effect.runPromise(built(first))
  const other = await Effect.runPromise(built(second))
  // Until a window has answered once, one call goes alone: the second process waits for the first one's answer.
  await Effect.runPromise(killed.acquire(lane, ["account"]))
  const waits = await Effect.runPromise(Effect.option(Effect.timeout(other.acquire(lane, ["account"]), "7 seconds")))
  expect(waits._tag).toBe("None")
  await Effect.runPromise(Scope.close(first, Exit.void))
  await Effect.runPromise(Effect.timeout(other.acquire(lane, ["account"]), "9 seconds"))
  await Effect.runPromise(Scope.close(second, Exit.void))
}, 30_000)

it("keeps a share that is changed while calls go on, at once, in a process that knows the connection with the old one", async () => {
  const budget = { name: "account", limit: 20, windowMillis: 60_000, form: "fixed" } as const
  const lane = { tenantId: "shared", connectionId: "c", budgets: [budget], share: 1 }
  const granted = await Effect.runPromise(
    Effect.gen(function* () {
      const budgets = yield* Budgets
      let calls = 0
      const call = Effect.gen(function* () {
        const permit = yield* budgets.acquire(lane, ["account"])
        calls += 1
        const readings = [{ budget: "account", limit: 20, remaining: 20 - calls, resetMillis: 60_000 }]
        yield* budgets.settle(lane, permit, { readings, answered: true })
      })
      yield* call
      yield* Effect.sleep("500 millis")
      yield* holdShare("shared", "c", 0.25)
      yield* Effect.timeoutOption(Effect.forever(call), "3 seconds")
      return calls
    }).pipe(Effect.provide(Layer.provideMerge(layer, postgres).pipe(Layer.provide(env))))
  )
  expect(granted).toBeGreaterThan(1)
  expect(granted).toBeLessThanOrEqual(5)
}, 20_000)
