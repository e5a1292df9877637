// The services, each by its name, and all of them over one platform in one process. A service alone loads no other's code:
// what is loaded is memory, and marked by every collection.
import { deploy } from "@bridge/flow/Deploy"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { logs, type Platform, run } from "@bridge/platform/Platform"
import { Cause, ConfigProvider, Effect, Exit, Layer } from "effect"
import { whyEnded } from "./Words.ts"

export const services = {
  scheduler: async () => (await import("@bridge/scheduler/main")).scheduler,
  extractor: async () => (await import("@bridge/extractor/main")).extractor,
  refiner: async () => (await import("@bridge/refiner/main")).refiner,
  loader: async () => (await import("@bridge/loader/main")).loader,
  auditor: async () => (await import("@bridge/auditor/main")).auditor,
  api: async () => (await import("@bridge/api/main")).api
} as const
export type ServiceName = keyof typeof services

export const isService = (name: string): name is ServiceName => name in services

const all = async () =>
  Layer.mergeAll(
    ...(await Promise.all([
      services.scheduler(),
      services.extractor(),
      services.refiner(),
      services.loader(),
      services.auditor(),
      services.api()
    ]))
  )

/** Topics, schemas and tables first; the line that says it is ready last. */
const started = <E>(name: string, service: Layer.Layer<never, E, Platform>) =>
  Effect.andThen(
    deploy.pipe(Effect.provide(Layer.merge(kafkaLayer, Registry.layer).pipe(Layer.provideMerge(logs))), Effect.scoped),
    run(name, Layer.provideMerge(ready(name), service))
  )

const ready = (name: string) =>
  Layer.effectDiscard(
    Effect.sync(() => process.stdout.write(`${JSON.stringify({ ready: true, service: name, pid: process.pid })}\n`))
  )

const untilSignalled = async <E>(
  effect: Effect.Effect<unknown, E>,
  settings: Readonly<Record<string, string>>
): Promise<number> => {
  const stop = new AbortController()
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort())
  const env = ConfigProvider.layer(
    ConfigProvider.fromEnvRecord({ ...process.env, ...settings } as Record<string, string>)
  )
  const exit = await Effect.runPromiseExit(effect.pipe(Effect.provide(env)), { signal: stop.signal })
  if (!Exit.isFailure(exit) || Cause.hasInterruptsOnly(exit.cause)) return 0
  process.stderr.write(`Bridge has ended: ${whyEnded(exit.cause)}\n`)
  return 1
}

/** All services in this process until SIGTERM or SIGINT; the exit code. */
export const runAll = async (settings: Readonly<Record<string, string>>): Promise<number> =>
  untilSignalled(started("all", await all()), { BRIDGE_DB_CONNECTIONS: "20", ...settings })

/** One service in this process. */
export const runService = async (name: ServiceName): Promise<number> => {
  const service: Layer.Layer<never, unknown, Platform> = await services[name]()
  return untilSignalled(started(name, service), { BRIDGE_SERVICE: name })
}
