// The refiner: raw rows become archive, records and normalized topics; a job's records are settled and mapped anew.
import { chainOf, refineCuts } from "@bridge/flow/Cuts"
import { launch, stageLayer } from "@bridge/platform/Platform"
import { Effect, Layer } from "effect"
import { linkStage } from "./chain/Link.ts"
import { Envelopes } from "./Envelopes.ts"
import { Mappings } from "./Mappings.ts"
import { Normalized } from "./Normalized.ts"
import { refineFrom } from "./Refiner.ts"
import { settler } from "./Settler.ts"
import { Sources } from "./Sources.ts"

export const refiner = Layer.unwrap(
  Effect.map(refineCuts, (cuts) => {
    const { links, reads } = chainOf(cuts)
    return Layer.mergeAll(
      stageLayer(refineFrom(reads)),
      stageLayer(settler),
      ...links.map((link) => stageLayer(linkStage(link)))
    )
  })
).pipe(Layer.provide([Envelopes.layer, Mappings.layer, Normalized.layer, Sources.layer]))

if (import.meta.main) launch("refiner", refiner)
