import { readdirSync, readFileSync } from "node:fs"
import { freshDatabase, type TestStack, testStack } from "@bridge/infra/TestStack"
import { migrate, statements } from "@bridge/store/Migrate"
import { ownerLayer } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, describe, it } from "vitest"

const docs = new URL("../docs/", import.meta.url)
/** The ```sql blocks of each page, statement by statement; a psql variable stands for an id. */
const examples = readdirSync(docs)
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) =>
    [...readFileSync(new URL(name, docs), "utf8").matchAll(/^```sql\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
      statements(block.replaceAll(":'job'", "'0198a000-0000-7000-8000-000000000001'")).map((sql) => ({
        name,
        sql,
        start: sql.replace(/--.*/g, "").trim().split("\n")[0]
      }))
    )
  )

let stack: TestStack
let env: Layer.Layer<never>
beforeAll(async () => {
  stack = await testStack()
  const url = await freshDatabase(stack.databaseUrl)
  env = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ DATABASE_URL: url }))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
})
afterAll(() => stack?.stop())

describe("an example in SQL", () => {
  it.each(examples)("of $name runs on the tables as they are: $start", ({ sql }) =>
    Effect.runPromise(
      Effect.flatMap(SqlClient.SqlClient, (client) => Effect.asVoid(client.unsafe(sql))).pipe(
        Effect.provide(Layer.provide(ownerLayer, env))
      )
    )
  )
})
