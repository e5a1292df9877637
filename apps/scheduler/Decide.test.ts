import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decide, type Facts, lookAgainMillis, staleMillis } from "./Decide.ts"

const stream = (over: Partial<Facts["streams"][number]> = {}): Facts["streams"][number] => ({
  stream: "tickets",
  entity: "ticket",
  slice: 0,
  started: true,
  ended: true,
  sealed: true,
  error: null,
  idleMillis: 0,
  ...over
})

const phase = (over: Partial<Facts["phases"][number]> = {}): Facts["phases"][number] => ({
  entity: "ticket",
  phase: 8,
  slice: 0,
  ended: false,
  done: false,
  idleMillis: 0,
  ...over
})

const facts = (over: Partial<Facts> = {}): Facts => ({
  state: "queued",
  paused: false,
  cancelRequested: false,
  revision: 1,
  settledRevision: null,
  approvedRevision: null,
  requireApproval: true,
  sample: false,
  hasDestination: true,
  auditComplete: false,
  streams: [stream()],
  batchesBehind: false,
  phases: [],
  batchesOpen: false,
  balanced: false,
  sourceFree: true,
  destinationFree: true,
  sentAgo: () => Number.POSITIVE_INFINITY,
  ...over
})

describe("the state machine of a job", () => {
  it("waits in the queue while another job reads the same source account", () =>
    expect(decide(facts({ sourceFree: false })).state).toBe("queued"))

  it("wakes every stream that has not ended, once", () => {
    const streams = [stream({ ended: false, sealed: false }), stream({ stream: "groups", sealed: false })]
    expect(decide(facts({ state: "running", streams })).wake.map((w) => w.name)).toEqual(["extract/tickets/0"])
    expect(decide(facts({ state: "extracting", streams, sentAgo: () => 100 })).wake).toEqual([])
  })

  it("reads problems, changes and assets of a sample after what may refer to them, and of any other job at once", () => {
    const entities = ["ticket", "problem", "change", "asset", "person"] as const
    const awake = (sample: boolean, sealed: ReadonlyArray<string>) => {
      const streams = entities.map((entity) =>
        stream({ stream: entity, entity, ended: sealed.includes(entity), sealed: sealed.includes(entity) })
      )
      return decide(facts({ state: "extracting", sample, streams })).wake.map((w) => w.key)
    }
    expect(awake(false, [])).toEqual([...entities])
    expect(awake(true, [])).toEqual(["ticket", "person"])
    expect(awake(true, ["ticket"])).toEqual(["problem", "person"])
    expect(awake(true, ["ticket", "problem"])).toEqual(["change", "person"])
    expect(awake(true, ["ticket", "problem", "change"])).toEqual(["asset", "person"])
  })

  it("wakes a stream again when it has not moved", () => {
    const idle = [stream({ ended: false, sealed: false, idleMillis: staleMillis })]
    expect(decide(facts({ state: "extracting", streams: idle, sentAgo: () => staleMillis })).wake).toHaveLength(1)
    const moving = [stream({ ended: false, sealed: false, idleMillis: 10 })]
    expect(decide(facts({ state: "extracting", streams: moving, sentAgo: () => staleMillis })).wake).toEqual([])
  })

  it("settles only when all streams are sealed, and is data_ready only when settled", () => {
    const d = decide(facts({ state: "extracting" }))
    expect([d.state, d.wake.map((w) => w.type)]).toEqual(["extracting", ["settle"]])
    expect(decide(facts({ state: "extracting", settledRevision: 1 })).state).toBe("data_ready")
  })

  it("gives the source account back at data_ready", () =>
    expect(decide(facts({ state: "extracting", settledRevision: 1 })).dropSource).toBe(true))

  it("re-runs batches behind the revision before it settles again", () => {
    const d = decide(
      facts({ state: "validation_pending", revision: 2, settledRevision: 1, batchesBehind: true, approvedRevision: 1 })
    )
    expect([d.state, d.wake.map((w) => w.type)]).toEqual(["data_ready", ["remap"]])
  })

  it("takes the destination account before it loads", () => {
    const ready = facts({ state: "validation_pending", settledRevision: 1, approvedRevision: 1 })
    expect(decide(ready)).toMatchObject({ state: "loading", takeDestination: true, createPhases: true })
    expect(decide({ ...ready, destinationFree: false }).state).toBe("validation_pending")
  })

  it("releases one phase after the other", () => {
    const phases = [
      phase(),
      phase({ entity: "group", phase: 3 }),
      phase({ entity: "department", phase: 2, done: true, ended: true })
    ]
    expect(decide(facts({ state: "loading", phases })).wake.map((w) => w.key)).toEqual(["group"])
  })

  it("completes only after the books were compared", () => {
    const phases = [phase({ ended: true, done: true })]
    expect(decide(facts({ state: "loading", phases }))).toMatchObject({ state: "loading" })
    expect(decide(facts({ state: "loading", phases, balanced: true }))).toMatchObject({
      state: "completed",
      dropDestination: true
    })
  })

  it("keeps sweeping until the audit is complete", () => {
    expect(decide(facts({ state: "completed" })).over).toBe(false)
    expect(decide(facts({ state: "completed", auditComplete: true })).over).toBe(true)
  })

  it("holds the destination while an outcome is open, also when cancelled", () => {
    const d = decide(facts({ state: "loading", cancelRequested: true, batchesOpen: true }))
    expect(d).toMatchObject({ state: "loading", withdraw: true, dropDestination: false })
    expect(decide(facts({ state: "loading", cancelRequested: true }))).toMatchObject({
      state: "cancelled",
      dropDestination: true
    })
  })

  it("fails when a stream cannot go on, with the stream's words", () => {
    const error = { code: "credentials-rejected", message: "401" }
    const d = decide(facts({ state: "extracting", streams: [stream({ ended: false, sealed: false, error })] }))
    expect(d).toMatchObject({ state: "failed", error: { code: "credentials-rejected", message: "tickets: 401" } })
  })

  it("never loads what is not approved at this revision, settled and complete (promise 3)", () =>
    fc.assert(
      fc.property(
        fc.record({
          state: fc.constantFrom("queued", "running", "extracting", "data_ready", "validation_pending"),
          revision: fc.integer({ min: 1, max: 3 }),
          settledRevision: fc.option(fc.integer({ min: 1, max: 3 })),
          approvedRevision: fc.option(fc.integer({ min: 1, max: 3 })),
          requireApproval: fc.boolean(),
          batchesBehind: fc.boolean(),
          sealed: fc.boolean(),
          paused: fc.boolean(),
          cancelRequested: fc.boolean()
        }),
        (x) => {
          const f = facts({ ...x, streams: [stream({ ended: x.sealed, sealed: x.sealed })] } as Partial<Facts>)
          if (decide(f).state !== "loading") return true
          return (
            x.approvedRevision === x.revision &&
            x.settledRevision === x.revision &&
            !x.batchesBehind &&
            !x.paused &&
            !x.cancelRequested
          )
        }
      )
    ))

  it("looks seldom at what waits for a person, and often at what works", () => {
    const again = (over: Partial<Facts>) => lookAgainMillis(facts(over), decide(facts(over)))
    expect(again({ state: "extracting", streams: [stream({ ended: false, sealed: false })] })).toBe(1_000)
    expect(again({ state: "extracting", paused: true })).toBe(5_000)
    expect(again({ state: "validation_pending", settledRevision: 1 })).toBe(5_000)
    expect(
      again({ state: "validation_pending", settledRevision: 1, approvedRevision: 1, destinationFree: false })
    ).toBe(2_000)
  })

  it("never leaves a final state", () =>
    fc.assert(
      fc.property(
        fc.constantFrom("completed", "failed", "cancelled"),
        fc.boolean(),
        fc.boolean(),
        (state, cancelRequested, paused) => {
          return decide(facts({ state: state as "completed", cancelRequested, paused })).state === state
        }
      )
    ))
})
