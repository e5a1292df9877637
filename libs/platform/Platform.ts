// What every service stands on, as one layer, and how a service is started and ended. For the main.ts of each app.
// What does not belong here: anything that one service alone needs.

import { Connections } from "@bridge/connectors/Connections"
import { Commands } from "@bridge/flow/Commands"
import { Partitions } from "@bridge/flow/Partition"
import { relay } from "@bridge/flow/Relay"
import { runStage } from "@bridge/flow/Runtime"
import type { Stage } from "@bridge/flow/Stage"
import { Wakeups } from "@bridge/flow/Wakeups"
import * as BudgetsPostgres from "@bridge/http/BudgetsPostgres"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Wire } from "@bridge/http/Wire"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { Schemas } from "@bridge/kafka/Schemas"
import { Blobs } from "@bridge/store/Blobs"
import { layer as postgres } from "@bridge/store/Postgres"
import { Vault } from "@bridge/vault/Vault"
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Config, Context, Deferred, Effect, Exit, Layer, Logger, References } from "effect"
import { health } from "./Health.ts"

/** Resolves with what a background part of the service died of; `launch` ends the process then. */
export class Failed extends Context.Service<Failed, Deferred.Deferred<never, unknown>>()("bridge/platform/Failed") {
  static readonly layer = Layer.effect(Failed, Deferred.make<never, unknown>())
}

/** BRIDGE_LOG: `json` (default) or `pretty`; BRIDGE_LOG_LEVEL: Debug, Info (default), Warn, Error. To stderr. */
export const logs = Layer.unwrap(
  Effect.gen(function* () {
    const form = yield* Config.Literals(["json", "pretty"], "BRIDGE_LOG").pipe(Config.withDefault("json" as const))
    const level = yield* Config.Literals(["Debug", "Info", "Warn", "Error"], "BRIDGE_LOG_LEVEL").pipe(
      Config.withDefault("Info" as const)
    )
    const logger =
      form === "json" ? Logger.withConsoleError(Logger.formatJson) : Logger.withConsoleError(Logger.formatLogFmt)
    return Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, level))
  })
)

const vendor = VendorHttp.layer.pipe(Layer.provide(BudgetsPostgres.layer), Layer.provide(Wire.layer))
const secrets = Connections.layer.pipe(Layer.provideMerge(Blobs.layer), Layer.provideMerge(Vault.layer))
const messages = Commands.layer.pipe(
  Layer.provideMerge(Schemas.layer),
  Layer.provideMerge(Registry.layer),
  Layer.provideMerge(Partitions.layer)
)

/** Built once per process, however many services are in it. */
export const platform = Layer.mergeAll(vendor, secrets, messages, Wakeups.layer, Failed.layer).pipe(
  Layer.provideMerge(kafkaLayer),
  Layer.provideMerge(postgres),
  Layer.provideMerge(logs)
)

/** Everything that `platform` provides. */
export type Platform = Layer.Success<typeof platform>

/** Runs for the life of the service; when it fails, the service ends, so that whoever supervises it starts it anew. */
export const always = <E, R>(name: string, effect: Effect.Effect<unknown, E, R>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const failed = yield* Failed
      yield* effect.pipe(
        Effect.onExit((exit) =>
          Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
            ? Effect.andThen(
                Effect.logFatal(`${name} cannot go on`, exit.cause),
                Deferred.fail(failed, Cause.squash(exit.cause))
              )
            : Effect.void
        ),
        Effect.forkScoped
      )
    })
  )

/** A stage as a layer. */
export const stageLayer = <R>(stage: Stage<R>) => always(stage.stage, runStage(stage))

/** Ends with the first part that fails; SIGTERM and SIGINT drain what is at work. Any service relays the outbox and tells how it is. */
export const run = <E>(name: string, service: Layer.Layer<never, E, Platform>) =>
  Effect.gen(function* () {
    const failed = yield* Failed
    const parts = Layer.mergeAll(always("relay", relay), Layer.provideMerge(service, health))
    return yield* Effect.raceFirst(Layer.launch(parts), Deferred.await(failed))
  }).pipe(Effect.annotateLogs({ service: name }), Effect.provide(platform))

/** The whole process of one service. */
export const launch = <E>(name: string, service: Layer.Layer<never, E, Platform>): void =>
  NodeRuntime.runMain(run(name, service), {
    teardown: (exit, done) => done(Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? 1 : 0)
  })
