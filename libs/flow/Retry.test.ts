import { BrokerError, BrokerUnavailable, MessageTooLarge } from "@bridge/kafka/Broker"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Fiber } from "effect"
import { SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { defectOf, inPlace, orStageError, reasonOf } from "./Retry.ts"
import { Fenced, Poison, StageError, Transient } from "./Stage.ts"

const sqlError = (code: string | undefined) =>
  new SqlError.SqlError({ reason: new SqlError.UnknownError({ cause: Object.assign(new Error("no"), { code }) }) })
const stageError = (reason: StageError["reason"]) => new StageError({ stage: "test", reason })

describe("Retry", () => {
  it.effect("tries a transient failure again until the total time has passed", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const failing = Effect.gen(function* () {
        at.push(yield* Clock.currentTimeMillis)
        return yield* stageError(new Transient({ cause: "away" }))
      })
      const fiber = yield* Effect.forkChild(Effect.exit(Effect.retry(failing, inPlace("2 minutes"))), {
        startImmediately: true
      })
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(fiber)
      assert.isAbove(at.length, 8)
      assert.isAtMost(at.at(-1) as number, 160_000)
      const gaps = at.slice(1).map((t, i) => t - (at[i] as number))
      assert.isAtLeast(gaps[0] as number, 160)
      assert.isAtMost(Math.max(...gaps), 36_000)
    })
  )

  it("takes what died of a broken connection for a database that is away, and any other defect for a fault of ours", () => {
    assert.strictEqual(defectOf("test", Cause.die(sqlError(undefined))).reason._tag, "Transient")
    assert.strictEqual(defectOf("test", Cause.die(sqlError("57P01"))).reason._tag, "Transient")
    assert.strictEqual(defectOf("test", Cause.die(new TypeError("no"))).reason._tag, "Poison")
  })

  it.effect("never tries poison or a lost fence again", () =>
    Effect.gen(function* () {
      for (const reason of [new Poison({ errorClass: "x", message: "y" }), new Fenced({ what: "partition" })]) {
        let tries = 0
        yield* Effect.exit(
          Effect.retry(
            Effect.suspend(() => {
              tries++
              return stageError(reason)
            }),
            inPlace("2 minutes")
          )
        )
        assert.strictEqual(tries, 1)
      }
    })
  )

  it("knows which failures pass by themselves", () => {
    const broker = (reason: BrokerError["reason"]) => new BrokerError({ operation: "send", reason })
    assert.strictEqual(reasonOf(sqlError(undefined))._tag, "Transient")
    for (const code of ["57P01", "25P03", "40P01", "40001", "53300", "08006", "25P04"])
      assert.strictEqual(reasonOf(sqlError(code))._tag, "Transient", code)
    for (const code of ["22P05", "23505", "42501", "54000"])
      assert.strictEqual(reasonOf(sqlError(code))._tag, "Poison", code)
    assert.strictEqual(reasonOf(broker(new BrokerUnavailable({ cause: "x" })))._tag, "Transient")
    assert.strictEqual(reasonOf(broker(new MessageTooLarge({ topic: "t", bytes: 3_000_000 })))._tag, "Poison")
    assert.strictEqual(reasonOf(new TypeError("bug"))._tag, "Poison")
  })

  it.effect("leaves a stage's own error as it is", () =>
    Effect.gen(function* () {
      const own = stageError(new Fenced({ what: "stream" }))
      assert.strictEqual(yield* Effect.flip(orStageError("other")(own)), own)
    })
  )
})
