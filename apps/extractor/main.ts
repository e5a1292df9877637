// The extractor: reads vendors into raw topics.
import { launch, stageLayer } from "@bridge/platform/Platform"
import { Layer } from "effect"
import { extract } from "./Extractor.ts"
import { Files } from "./Files.ts"
import { RawBatches } from "./RawBatch.ts"

export const extractor = stageLayer(extract).pipe(Layer.provide([RawBatches.layer, Files.layer]))

if (import.meta.main) launch("extractor", extractor)
