import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { Budgets } from "./Budgets.ts"
import { layer } from "./BudgetsPostgres.ts"
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
