// Where the refiner's chain is cut: a stage of its own up to that step, and a topic behind it. By configuration, with the same
// results. For the deploy step and the refiner. What does not belong here: what the steps do (apps/refiner).
import { Config } from "effect"

/** Steps after which records may pass through a topic, in the order of the chain. Linking is a stage of its own as it is. */
export const cutSteps = ["process", "resolve"] as const
export type CutStep = (typeof cutSteps)[number]

const kinds = { process: "processed", resolve: "resolved" } as const
/** Kind of the topics behind a cut. */
export type CutKind = (typeof kinds)[CutStep]
export const kindAfter = (step: CutStep): CutKind => kinds[step]

/** A stage before the refine stage. */
export interface Link {
  readonly stage: CutStep
  readonly reads: "raw" | CutKind
  readonly writes: CutKind
  readonly steps: ReadonlyArray<CutStep>
}

export interface Chain {
  readonly links: ReadonlyArray<Link>
  /** What the refine stage reads; the steps that are left are its own. */
  readonly reads: "raw" | CutKind
}

/** The chain as it runs with these cuts: each link does the steps since the one before. */
export const chainOf = (cuts: ReadonlyArray<CutStep>): Chain => {
  const links: Array<Link> = []
  let reads: Chain["reads"] = "raw"
  let steps: Array<CutStep> = []
  for (const step of cutSteps) {
    steps.push(step)
    if (!cuts.includes(step)) continue
    links.push({ stage: step, reads, writes: kinds[step], steps })
    reads = kinds[step]
    steps = []
  }
  return { links, reads }
}

/** BRIDGE_REFINE_CUT: the steps with a cut behind them; none by default. */
export const refineCuts = Config.Literals(["", "process", "resolve", "process,resolve"], "BRIDGE_REFINE_CUT").pipe(
  Config.withDefault("" as const),
  Config.map((text) => cutSteps.filter((step) => text.split(",").includes(step)))
)
