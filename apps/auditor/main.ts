// The auditor: keeps its own books of the topics, compares them, reads destinations back, chains the audit log,
// removes what has expired.
import { always, launch, stageLayer } from "@bridge/platform/Platform"
import { Elements } from "@bridge/review/Elements"
import { Effect, Layer } from "effect"
import { auditStage, settings } from "./audit/Audit.ts"
import { chainLoop } from "./chain/Chain.ts"
import { expiry } from "./retention/Sweep.ts"
import { tallyStage } from "./tally/Tally.ts"

export const auditor = Layer.unwrap(
  Effect.map(settings, (config) =>
    Layer.mergeAll(
      stageLayer(tallyStage),
      stageLayer(auditStage(config)),
      always("audit log", chainLoop),
      always("expiry", expiry)
    )
  )
).pipe(Layer.provide(Elements.layer))

if (import.meta.main) launch("auditor", auditor)
