import { describe, expect, it } from "vitest"
import { type CutStep, chainOf, cutSteps } from "./Cuts.ts"
import { topics } from "./Flow.ts"

const all: ReadonlyArray<ReadonlyArray<CutStep>> = [[], ["process"], ["resolve"], cutSteps]

const lastCut = (cuts: ReadonlyArray<CutStep>): number => Math.max(-1, ...cuts.map((step) => cutSteps.indexOf(step)))

describe("the refiner's chain", () => {
  it("is whole without cuts", () => expect(chainOf([])).toEqual({ links: [], reads: "raw" }))

  it("does each step up to the last cut once, in order, each stage reading what the one before writes", () => {
    for (const cuts of all) {
      const { links, reads } = chainOf(cuts)
      expect(links.flatMap(({ steps }) => steps)).toEqual(cutSteps.slice(0, lastCut(cuts) + 1))
      expect(["raw", ...links.map(({ writes }) => writes)]).toEqual([...links.map((link) => link.reads), reads])
      expect(links.map(({ stage }) => stage)).toEqual(cuts)
    }
  })

  it("has a topic for every raw one behind each cut, and none without", () => {
    const kinds = (cuts: ReadonlyArray<CutStep>) => topics(true, cuts).map(({ kind }) => kind)
    const raw = kinds([]).filter((kind) => kind === "raw").length
    expect(kinds([]).filter((kind) => kind === "processed" || kind === "resolved")).toEqual([])
    for (const cuts of all) expect(kinds(cuts).length).toBe(kinds([]).length + cuts.length * raw)
  })
})
