import type { Answer, Call } from "@bridge/http/Call"
import { BadAnswer, Gone, type Reason, Throttled, Unavailable, VendorError } from "@bridge/http/VendorError"
import { Effect, Result } from "effect"
import { describe, expect, it } from "vitest"
import { isOfRow, unlessAlone, Witnesses } from "./Alone.ts"

const notes = (id: number): Call => ({ operation: "listNotes", method: "GET", path: `/${id}/notes`, idempotent: true })
const failing = (reason: Reason) => new VendorError({ vendor: "v", operation: "listNotes", reason })
const broken = failing(new BadAnswer({ status: 200, message: "no array" }))
const read = (_answer: Answer) => "a value"

/** What becomes of row 1, whose calls answer `row` in turn (a value or a failure), while those of row 2 answer `witness`. */
const outcome = async (
  row: ReadonlyArray<VendorError | "whole">,
  witness: ReadonlyArray<VendorError | "whole">,
  witnesses = witnessed()
) => {
  const left = { row: [...row], witness: [...witness] }
  const asked: Array<string> = []
  const result = await Effect.runPromise(
    Effect.result(
      unlessAlone({ call: notes(1), read }, broken, witnesses, { rounds: 3, pauseMillis: 0 }, ({ call, read }) =>
        Effect.suspend(() => {
          asked.push(call.path)
          const next = (call.path === "/1/notes" ? left.row : left.witness).shift()
          if (next === undefined) throw new Error("asked too often")
          return next === "whole"
            ? Effect.succeed(read({ status: 200, headers: {}, body: Buffer.of() }))
            : Effect.fail(next)
        })
      )
    )
  )
  return { asked, end: Result.isSuccess(result) ? result.success : result.failure.reason._tag }
}

const witnessed = (answers = 1) => {
  const witnesses = new Witnesses()
  for (let id = 2; id < 2 + answers; id++) witnesses.saw(notes(id), read)
  return witnesses
}
const times = <A>(count: number, what: A): ReadonlyArray<A> => Array.from({ length: count }, () => what)

describe("a row whose part never comes", () => {
  it("is read without it where another row's comes each time", async () =>
    expect(await outcome(times(3, broken), times(3, "whole"))).toEqual({
      end: null,
      asked: ["/1/notes", "/2/notes", "/1/notes", "/2/notes", "/1/notes", "/2/notes"]
    }))

  it("has it where it comes after all", async () =>
    expect((await outcome([broken, "whole"], times(1, "whole"))).end).toBe("a value"))

  it("fails where another row's does not come either: the vendor is away", async () => {
    expect((await outcome(times(3, broken), [failing(new Unavailable({ message: "x", status: 503 }))])).end).toBe(
      "BadAnswer"
    )
    expect((await outcome(times(3, broken), ["whole", broken])).end).toBe("BadAnswer")
  })

  it("fails where no other row has had it yet", async () => {
    const witnesses = new Witnesses()
    witnesses.saw(notes(1), read)
    witnesses.saw({ ...notes(2), operation: "viewTicket" }, read)
    expect(await outcome([], [], witnesses)).toEqual({ end: "BadAnswer", asked: [] })
  })

  it.each([
    new Gone({ status: 404, message: "x" }),
    new Throttled({ retryAfterMillis: 1 }),
    new Unavailable({ message: "no connection" })
  ])("fails with what came in between, which is no fault of the row: $_tag", async (reason) =>
    expect((await outcome([broken, failing(reason)], times(1, "whole"))).end).toBe(reason._tag)
  )

  it("is one of few: more in one reading are the vendor's fault", async () => {
    const admitted = (answers: number) => {
      const witnesses = witnessed(answers)
      return times(200, 0).filter(() => witnesses.admits()).length
    }
    expect([admitted(1), admitted(500), admitted(100_000)]).toEqual([3, 8, 20])
    const used = witnessed()
    for (let n = 0; n < 3; n++) expect((await outcome(times(3, broken), times(3, "whole"), used)).end).toBeNull()
    expect((await outcome(times(3, broken), times(3, "whole"), used)).end).toBe("BadAnswer")
  })

  it.each([
    [new BadAnswer({ status: 200, message: "x" }), true],
    [new Unavailable({ message: "x", status: 500 }), true],
    [new Unavailable({ message: "x", status: 408 }), false],
    [new Unavailable({ message: "x" }), false],
    [new Throttled({ retryAfterMillis: 1 }), false]
  ] as const)("is known by what failed: %j", (reason, known) => expect(isOfRow(reason)).toBe(known))
})
