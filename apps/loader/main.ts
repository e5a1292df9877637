// The loader: releases what was approved and writes it to the destination, once.
import { launch, stageLayer } from "@bridge/platform/Platform"
import { Elements } from "@bridge/review/Elements"
import { Effect, Layer } from "effect"
import { timing } from "./Desk.ts"
import { loadStage } from "./Loader.ts"
import { releaseStage } from "./release/Release.ts"

export const loader = Layer.unwrap(
  Effect.map(timing, (times) => Layer.merge(stageLayer(releaseStage(times)), stageLayer(loadStage(times))))
).pipe(Layer.provide(Elements.layer))

if (import.meta.main) launch("loader", loader)
