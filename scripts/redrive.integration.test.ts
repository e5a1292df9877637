import { deploy } from "@bridge/flow/Deploy"
import { freshDatabase, type TestStack, testStack } from "@bridge/infra/TestStack"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { asTenant } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, expect, it } from "vitest"
import { redrive, services } from "./redrive.ts"

const tenant = "0198a000-0000-7000-8000-000000000001"
const job = "0198a000-0000-7000-8000-000000000002"
let stack: TestStack
let lab: ManagedRuntime.ManagedRuntime<Layer.Success<typeof services>, unknown>

beforeAll(async () => {
  stack = await testStack()
  const env = ConfigProvider.layer(
    ConfigProvider.fromEnvRecord({
      KAFKA_BROKERS: stack.kafkaBrokers,
      SCHEMA_REGISTRY_URL: stack.registryUrl,
      DATABASE_URL: await freshDatabase(stack.databaseUrl)
    })
  )
  const outside = Layer.merge(kafkaLayer, Registry.layer)
  await Effect.runPromise(deploy.pipe(Effect.scoped, Effect.provide(outside), Effect.provide(env)))
  lab = ManagedRuntime.make(Layer.provide(services, env))
})
afterAll(async () => {
  await lab?.dispose()
  await stack?.stop()
})

it("asks the refiner to try a live job's dead letters again, and says how many there are", async () => {
  const found = await lab.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into timers (kind, key, tenant_id, job_id, due)
        values ('sweep', ${job}, ${tenant}::uuid, ${job}::uuid, now())`
      yield* asTenant(tenant)(sql`insert into dead_letters
          (tenant_id, job_id, stage, event_id, topic, part, position, error_class, error)
        select ${tenant}::uuid, ${job}::uuid, s, 'e' || n, 't', 0, n, 'Undecodable', '{}'
        from (values ('refine', 1), ('refine', 2), ('load', 3)) as t(s, n)`)
      const open = yield* redrive(job, "")
      const sent = yield* sql<{ topic: string; type: string }>`select topic, m->'headers'->>'ce_type' as type
        from outbox, json_array_elements(messages) as m`
      return { open, sent }
    })
  )
  expect(found).toEqual({ open: 2, sent: [{ topic: "bridge.commands.v1", type: "bridge.command.redrive" }] })
})

it("asks nothing for a job that has ended or never was", async () => {
  const open = await lab.runPromise(redrive("0198a000-0000-7000-8000-000000000009", ""))
  expect(open).toBeNull()
})
