// `node scripts/run.mjs scripts/redrive.ts JOB [LETTER]`: has the refiner try the dead letters of a job once more, all or one.
// For operators, against the servers named in the environment. A wake-up only: what becomes of it stands in `dead_letters`.
import { Commands } from "@bridge/flow/Commands"
import { Partitions } from "@bridge/flow/Partition"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { Schemas } from "@bridge/kafka/Schemas"
import { asTenant, layer as postgres } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** How many letters of the refine stage are open; null for a job that does not live. The command is in the outbox then. */
export const redrive = (jobId: string, letterId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Every live job has a sweep, and timers show whose it is before a tenant is named.
    const [timer] = yield* sql<{
      tenant_id: string
    }>`select tenant_id::text from timers where kind = 'sweep' and key = ${jobId}`
    if (timer === undefined) return null
    const tenantId = timer.tenant_id
    return yield* Effect.gen(function* () {
      const commands = yield* Commands
      yield* commands.send([{ type: "redrive", tenantId, jobId, key: letterId }])
      const [open] = yield* sql<{ n: number }>`select count(*)::int as n from dead_letters
        where job_id = ${jobId}::uuid and stage = 'refine' and state = 'open' and (${letterId} = '' or id::text = ${letterId})`
      return open?.n ?? 0
    }).pipe(asTenant(tenantId))
  })

/** What `redrive` stands on. */
export const services = Commands.layer.pipe(
  Layer.provideMerge(Schemas.layer),
  Layer.provideMerge(Layer.mergeAll(Registry.layer, Partitions.layer, kafkaLayer)),
  Layer.provideMerge(postgres)
)

const say = (words: string): void => void process.stderr.write(`${words}\n`)

if (import.meta.main) {
  const [jobId = "", letterId = ""] = process.argv.slice(2)
  const missing = ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL", "DATABASE_URL"].filter((name) => !process.env[name])
  if (!uuid.test(jobId) || (letterId !== "" && !uuid.test(letterId))) {
    say("usage: node scripts/run.mjs scripts/redrive.ts JOB [LETTER]   (ids; see docs/operations.md)")
    process.exitCode = 2
  } else if (missing.length > 0) {
    say(`Set ${missing.join(", ")} to the servers of the installation.`)
    process.exitCode = 2
  } else {
    const open = await Effect.runPromise(redrive(jobId, letterId).pipe(Effect.provide(services)))
    say(open === null ? `There is no live job ${jobId}.` : `Asked for; ${open} dead letters were open.`)
    process.exitCode = open === null ? 1 : 0
  }
}
