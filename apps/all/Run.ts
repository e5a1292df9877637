// The services, each by its name, and all of them over one platform in one process.

import { api } from "@bridge/api/main"
import { auditor } from "@bridge/auditor/main"
import { extractor } from "@bridge/extractor/main"
import { deploy } from "@bridge/flow/Deploy"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { loader } from "@bridge/loader/main"
import { logs, type Platform, run } from "@bridge/platform/Platform"
import { refiner } from "@bridge/refiner/main"
import { scheduler } from "@bridge/scheduler/main"
import { Cause, ConfigProvider, Effect, Exit, Layer } from "effect"
import { whyEnded } from "./Words.ts"

export const services = { scheduler, extractor, refiner, loader, auditor, api } as const
export type ServiceName = keyof typeof services

export const isService = (name: string): name is ServiceName => name in services

const all = Layer.mergeAll(scheduler, extractor, refiner, loader, auditor, api)

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
export const runAll = (settings: Readonly<Record<string, string>>): Promise<number> =>
  untilSignalled(started("all", all), { BRIDGE_DB_CONNECTIONS: "20", ...settings })

/** One service in this process. */
export const runService = (name: ServiceName): Promise<number> =>
  untilSignalled(started(name, services[name]), { BRIDGE_SERVICE: name })
