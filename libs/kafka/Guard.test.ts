// The guard sees exactly what the broker does not have, however wrongly a client reports it.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Send } from "./Broker.ts"
import { type Acknowledgement, Guard } from "./Guard.ts"

const sendOf = (partition: number, count: number): Send => ({
  topic: "t",
  partition,
  messages: Array.from({ length: count }, () => ({ key: null, value: null }))
})
const ack = (partition: number, baseOffset: bigint, errorCode = 0): Acknowledgement => ({
  topic: "t",
  partition,
  errorCode,
  baseOffset
})

/** What becomes of one batch. */
const fate = fc.constantFrom("written", "unanswered", "refused", "swallowed" as const)
const rounds = fc.array(
  fc.uniqueArray(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 9 }), fate), { selector: ([p]) => p })
)

describe("Guard", () => {
  it("names every batch that is not in the log, and none that is", () => {
    fc.assert(
      fc.property(rounds, (all) => {
        const guard = new Guard()
        const logs = new Map<number, bigint>()
        for (const round of all) {
          const answers: Array<Acknowledgement> = []
          const lost: Array<number> = []
          for (const [partition, count, what] of round) {
            const end = logs.get(partition) ?? 0n
            if (what === "written" || end === 0n) {
              answers.push(ack(partition, end))
              logs.set(partition, end + BigInt(count))
              continue
            }
            lost.push(partition)
            if (what === "refused") answers.push(ack(partition, -1n, 6))
            if (what === "swallowed") answers.push(ack(partition, end - 1n))
          }
          const wrong = guard.check(
            round.map(([partition, count]) => sendOf(partition, count)),
            answers
          )
          expect(wrong.map(({ send }) => send.partition)).toEqual(lost)
        }
      })
    )
  })

  it("tells a batch that was never sent from one that was taken for a repetition", () => {
    const guard = new Guard()
    expect(guard.check([sendOf(0, 5)], [ack(0, 0n)])).toEqual([])
    expect(guard.check([sendOf(0, 5), sendOf(1, 1)], [ack(0, 0n)]).map(({ why }) => why)).toEqual([
      "swallowed",
      "missing"
    ])
  })

  it("begins anew for a topic that was made anew", () => {
    const guard = new Guard()
    guard.check([sendOf(0, 5)], [ack(0, 100n)])
    expect(guard.check([sendOf(0, 5)], [ack(0, 0n)]).length).toBe(1)
    guard.forget([sendOf(0, 5)])
    expect(guard.check([sendOf(0, 5)], [ack(0, 0n)])).toEqual([])
  })

  it("takes an answer without an offset for what it is: written, place not told", () => {
    expect(new Guard().check([sendOf(0, 1)], [ack(0, -1n)])).toEqual([])
  })
})
