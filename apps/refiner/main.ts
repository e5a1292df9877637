// The refiner: raw rows become archive, records and normalized topics; a job's records are settled and mapped anew.
import { launch, stageLayer } from "@bridge/platform/Platform"
import { Layer } from "effect"
import { Envelopes } from "./Envelopes.ts"
import { Mappings } from "./Mappings.ts"
import { Normalized } from "./Normalized.ts"
import { refine } from "./Refiner.ts"
import { settler } from "./Settler.ts"
import { Sources } from "./Sources.ts"

export const refiner = Layer.merge(stageLayer(refine), stageLayer(settler)).pipe(
  Layer.provide([Envelopes.layer, Mappings.layer, Normalized.layer, Sources.layer])
)

if (import.meta.main) launch("refiner", refiner)
