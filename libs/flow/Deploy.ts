// The deploy step: tables, topics and schemas, before any service starts. For apps/all and `npm run service`.
// What does not belong here: what they are (libs/store/migrations, Flow.ts, avro/).
import { Admin } from "@bridge/kafka/Broker"
import { registerSchemas } from "@bridge/kafka/Schemas"
import { migrate } from "@bridge/store/Migrate"
import { Config, Effect } from "effect"
import { refineCuts } from "./Cuts.ts"
import { topics } from "./Flow.ts"
import { embedded } from "./Partition.ts"

export interface Deployed {
  readonly migrations: ReadonlyArray<string>
  readonly topics: ReadonlyArray<string>
  readonly schemas: number
}

/** Copies of each partition: BRIDGE_REPLICATION, else 1 on one machine and 3 on a cluster. */
const replication = Effect.gen(function* () {
  const small = yield* embedded
  return yield* Config.Int("BRIDGE_REPLICATION").pipe(Config.withDefault(small ? 1 : 3))
})

/** Creates what is missing and verifies the rest; stops at the first difference. Several at once do no harm. */
export const deploy = Effect.gen(function* () {
  const admin = yield* Admin
  const small = yield* embedded
  const replicas = yield* replication
  const wanted = topics(small, yield* refineCuts)
  const declared = wanted.map(({ config, name, partitions }) => ({
    name,
    partitions,
    replicationFactor: replicas,
    config: replicas < 3 ? config : { ...config, "min.insync.replicas": "2" }
  }))
  const [migrations, created, schemas] = yield* Effect.all(
    [migrate, admin.ensureTopics(declared), registerSchemas(wanted)],
    { concurrency: "unbounded" }
  )
  const deployed: Deployed = { migrations, topics: created, schemas: schemas.length }
  if (migrations.length + created.length > 0) yield* Effect.logInfo("deployed", deployed)
  return deployed
}).pipe(Effect.withSpan("Deploy"))
