import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Entry, type Intent, plan } from "./Plan.ts"

const job = "job-2"
const record = { sourceId: "7", hash: "h2" }

const entry = (over: Partial<Entry>): Entry => ({
  state: "created",
  destinationId: "900",
  loadedHash: "h2",
  intent: null,
  error: null,
  createdJob: "job-1",
  adapted: null,
  lastJob: "job-1",
  ...over
})

const intent: Intent = {
  job: "job-1",
  batch: 3,
  op: "create",
  hash: "h2",
  parts: [],
  bulk: true,
  at: "2026-01-01T00:00:00Z",
  deadline: "2026-01-01T00:00:20Z"
}

describe("the plan for a record", () => {
  it("creates what the ledger does not know", () =>
    expect(plan(record, undefined, job, true)).toEqual({ _tag: "Create" }))

  it("skips what another job wrote with the same content", () =>
    expect(plan(record, entry({}), job, true)).toEqual({ _tag: "Skip", destinationId: "900", outcome: "skipped" }))

  it("updates what was written with other content, where the destination can", () => {
    expect(plan(record, entry({ loadedHash: "h1" }), job, true)).toEqual({ _tag: "Update", destinationId: "900" })
    expect(plan(record, entry({ loadedHash: "h1" }), job, false)).toMatchObject({ _tag: "Failed" })
  })

  it("never changes what was matched", () =>
    expect(plan(record, entry({ state: "matched", loadedHash: null }), job, true)).toEqual({
      _tag: "Skip",
      destinationId: "900",
      outcome: "matched"
    }))

  it("tells the outcome again when this job has done it already", () => {
    expect(plan(record, entry({ createdJob: job, lastJob: job }), job, true)).toMatchObject({ outcome: "created" })
    expect(plan(record, entry({ state: "matched", lastJob: job }), job, true)).toMatchObject({ outcome: "matched" })
    expect(plan(record, entry({ state: "updated", lastJob: job }), job, true)).toMatchObject({ outcome: "updated" })
  })

  it("tries in a new job what failed or was removed", () => {
    const error = { code: "x", message: "no", hint: "" }
    const failed = { state: "failed", destinationId: null, loadedHash: null, error, createdJob: null } as const
    expect(plan(record, entry(failed), job, true)).toEqual({ _tag: "Create" })
    expect(plan(record, entry({ ...failed, lastJob: job }), job, true)).toEqual({ _tag: "Failed", failure: error })
    expect(plan(record, entry({ state: "removed" }), job, true)).toEqual({ _tag: "Create" })
  })

  it("writes nothing for a record that another one stands for", () =>
    expect(plan({ ...record, merged: "5" }, entry({ state: "intended", intent }), job, true)).toEqual({
      _tag: "Merge",
      into: "5"
    }))

  it("looks up first after an intent without a result, also when what is there looks right (promise 4)", () => {
    for (const state of ["intended", "unknown"] as const)
      expect(plan(record, entry({ state, intent, destinationId: "900", loadedHash: record.hash }), job, true)).toEqual({
        _tag: "LookUp",
        intent
      })
  })

  it("never creates while an earlier call may have been carried out (promise 4)", () =>
    fc.assert(
      fc.property(
        fc.record({
          state: fc.constantFrom("intended", "unknown", "created", "updated", "matched"),
          destinationId: fc.option(fc.constant("900")),
          loadedHash: fc.option(fc.constantFrom("h1", "h2")),
          createdJob: fc.option(fc.constantFrom("job-1", job)),
          lastJob: fc.constantFrom("job-1", job),
          intent: fc.option(fc.constant(intent))
        }),
        fc.boolean(),
        (over, canUpdate) => plan(record, entry(over as Partial<Entry>), job, canUpdate)._tag !== "Create"
      )
    ))
})
