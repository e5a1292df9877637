// Samples archived and refined as the refiner does, and the job settled. For the refiner's integration tests.
import type { Mapping } from "@bridge/domain/Mapping"
import { compile } from "@bridge/mapping/transform/Compile"
import { Effect } from "effect"
import * as Archive from "../Archive.ts"
import { refineRows } from "../Batch.ts"
import { archiveRows } from "../Layout.ts"
import { linkPlan } from "../link/Plan.ts"
import { settle } from "../link/Settle.ts"
import { everything, reader, rowOf, type Sample, tenant } from "./Desk.ts"

/** Every sample in a batch of its own, in this order, from number `first` on. */
export const refined = (jobId: string, mapping: Mapping, samples: ReadonlyArray<Sample>, first = 0) =>
  Effect.gen(function* () {
    const transforms = compile(mapping)
    for (const [at, sample] of samples.entries()) {
      const key = { tenantId: tenant, jobId, stream: "rows", entity: sample.entity, number: first + at }
      const rows = [rowOf(sample, 0)]
      const batch = refineRows(sample.entity, rows, {
        normaliser: reader.normaliser,
        transforms,
        wanted: new Set(everything),
        tell: null
      })
      const packed = yield* Archive.packedRows(archiveRows(sample.entity, 1, rows, batch, new Map()))
      yield* Archive.archive(key, "freshservice", 0, packed)
      yield* Archive.records(key, 1, batch.records)
    }
  })

export const settled = (jobId: string, mapping: Mapping, wanted: ReadonlyArray<string> = everything) =>
  settle({ jobId, plan: linkPlan(mapping), wanted }, (body) => body)
