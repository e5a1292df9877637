import type { Rec } from "@bridge/kafka/Broker"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { Mailboxes, type Parcel } from "./Mailboxes.ts"

const rec = (offset: number): Rec => ({
  topic: "t",
  partition: 0,
  offset: BigInt(offset),
  key: null,
  value: Buffer.alloc(10),
  headers: {},
  timestamp: 0
})
const of = (actor: string, id: string, position: number, size: number) => ({
  tenantId: "acme",
  actor,
  run: { id, position, size },
  eventId: `${id}/${position}`
})
const alone = (actor: string, eventId: string) => ({ tenantId: "acme", actor, run: null, eventId })
const drain = (boxes: Mailboxes): Array<Parcel> => {
  const out: Array<Parcel> = []
  for (;;) {
    const taken = [...boxes.take()]
    if (taken.length === 0) return out
    for (const parcel of taken) {
      out.push(parcel)
      boxes.done(parcel.actor)
    }
  }
}

/** Batches of several actors: the records of one batch are next to each other in the log, as one send leaves them. */
const log = fc.array(
  fc.record({
    actor: fc.constantFrom("a", "b", "c"),
    size: fc.integer({ min: 1, max: 5 }),
    // How many of its records are in the log (a tail may be missing) and whether the whole batch was sent twice.
    cut: fc.nat(4),
    twice: fc.boolean()
  }),
  { maxLength: 20 }
)

describe("Mailboxes", () => {
  it("hands over every offset once, each actor's runs in the order of the log, with all the records that came", () =>
    fc.assert(
      fc.property(
        log,
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.integer({ min: 1, max: 7 })),
        (batches, flight, pulls) => {
          const boxes = new Mailboxes(flight)
          const working: Array<Parcel> = []
          const out: Array<Parcel> = []
          const perActor = new Map<string, number>()
          const pull = (limit: number) => {
            for (const parcel of boxes.take(limit)) {
              const now = (perActor.get(parcel.actor) ?? 0) + 1
              assert.isAtMost(now, flight, "more runs of one actor than allowed")
              perActor.set(parcel.actor, now)
              working.push(parcel)
              out.push(parcel)
            }
          }
          const finish = () => {
            const parcel = working.shift()
            if (parcel === undefined) return
            perActor.set(parcel.actor, (perActor.get(parcel.actor) ?? 0) - 1)
            boxes.done(parcel.actor)
          }
          let offset = 0
          const sizes = new Map<string, number>()
          for (const [n, batch] of batches.entries()) {
            const kept = Math.max(1, batch.size - batch.cut)
            sizes.set(`${batch.actor}#1.${n}`, batch.size)
            for (let round = 0; round < (batch.twice ? 2 : 1); round++) {
              for (let p = 0; p < kept; p++)
                boxes.add(rec(offset++), of(batch.actor, `${batch.actor}#1.${n}`, p, batch.size))
            }
            pull(pulls[n % Math.max(pulls.length, 1)] ?? 2)
            if (n % 2 === 0) finish()
          }
          boxes.quiet(0, "end")
          while (working.length > 0 || boxes.waiting > 0) {
            pull(3)
            finish()
          }
          assert.deepStrictEqual(
            out.flatMap((p) => p.offsets).toSorted((a, b) => Number(a - b)),
            Array.from({ length: offset }, (_, i) => BigInt(i))
          )
          for (const actor of ["a", "b", "c"]) {
            const firsts = out.filter((p) => p.actor === actor).map((p) => Number(p.offsets[0]))
            assert.deepStrictEqual(
              firsts,
              firsts.toSorted((a, b) => a - b)
            )
          }
          for (const parcel of out) assert.strictEqual(parcel.complete, parcel.records.length === sizes.get(parcel.id))
          assert.strictEqual(boxes.assembling, 0)
        }
      )
    ))

  it("puts a run together across fetches and orders it by position", () => {
    const boxes = new Mailboxes(1)
    boxes.add(rec(0), of("a", "r1", 1, 2))
    assert.deepStrictEqual(drain(boxes), [])
    boxes.add(rec(1), of("a", "r1", 0, 2))
    const [run] = drain(boxes)
    assert.isTrue(run?.complete)
    assert.deepStrictEqual(
      run?.records.map((r) => r.offset),
      [1n, 0n]
    )
  })

  it("hands over an incomplete run when the actor's next one begins", () => {
    const boxes = new Mailboxes(2)
    boxes.add(rec(0), of("a", "r1", 0, 3))
    boxes.add(rec(1), of("b", "r9", 0, 1))
    assert.deepStrictEqual(
      drain(boxes).map((p) => p.id),
      ["r9"]
    )
    boxes.add(rec(2), of("a", "r2", 0, 1))
    assert.deepStrictEqual(
      drain(boxes).map((p) => [p.id, p.complete]),
      [
        ["r1", false],
        ["r2", true]
      ]
    )
  })

  it("hands over an incomplete run when the partition is quiet", () => {
    const boxes = new Mailboxes(1)
    boxes.add(rec(0), of("a", "r1", 0, 3))
    assert.strictEqual(boxes.assembling, 1)
    boxes.quiet(0, "end")
    assert.deepStrictEqual(
      drain(boxes).map((p) => p.complete),
      [false]
    )
  })

  it("waits for a tail that may still be read, and not for one that the log has gone past", () => {
    const boxes = new Mailboxes(1)
    boxes.add(rec(0), of("a", "r1", 0, 3), 100)
    boxes.quiet(99, "end")
    boxes.quiet(200, 1n)
    assert.strictEqual(boxes.assembling, 1)
    boxes.quiet(200, 2n)
    assert.strictEqual(boxes.assembling, 0)
  })

  it("keeps a serial actor serial while its neighbours go on", () => {
    const boxes = new Mailboxes(1)
    boxes.add(rec(0), alone("a", "e0"))
    boxes.add(rec(1), alone("a", "e1"))
    boxes.add(rec(2), alone("b", "e2"))
    assert.deepStrictEqual(
      [...boxes.take()].map((p) => p.id),
      ["e0", "e2"]
    )
    assert.deepStrictEqual([...boxes.take()], [])
    boxes.done("a")
    assert.deepStrictEqual(
      [...boxes.take()].map((p) => p.id),
      ["e1"]
    )
  })
})
