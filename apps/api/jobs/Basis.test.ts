import type { Survey } from "@bridge/connectors/Survey"
import type { EntityId } from "@bridge/domain/Entities"
import { assert, describe, it } from "vitest"
import { basisOfReading, basisOfWriting, type Told } from "./Basis.ts"

const survey: Survey = { rows: 100, share: 1, pageRows: 100, page: {}, rowCalls: 0, row: {}, calls: 1 }
const stream = (name: string, entity: EntityId, found: Survey | null, taken = 0): Told["streams"][number] => ({
  stream: name,
  entity,
  ended: false,
  taken,
  leftOut: 0,
  calls: 0,
  millis: 0,
  survey: found,
  most: Number.POSITIVE_INFINITY
})
const leg = { calls: 10, secondsLeft: 60, limitedBy: null }
const unknown = { calls: null, secondsLeft: null, limitedBy: null }
const tickets = stream("tickets", "ticket", survey)
const problems = stream("problems", "problem", null)
const reading = (more: Partial<Told>) =>
  basisOfReading({
    review: true,
    sample: false,
    streams: [tickets],
    extraction: leg,
    loading: leg,
    secondsLeft: null,
    ...more
  })

describe("people are told", () => {
  it("what the time goes by, and until when", () => {
    assert.strictEqual(reading({ secondsLeft: 60 }), "until the review: by the pace so far")
    const limited = { ...leg, limitedBy: "view" }
    assert.strictEqual(
      reading({ review: false, secondsLeft: 60, extraction: limited }),
      'until the end: by the vendor\'s limit "view"'
    )
    assert.strictEqual(
      basisOfWriting({ loading: limited, secondsLeft: 1 }),
      'until the end: by the vendor\'s limit "view"'
    )
  })

  it("why it is not known", () => {
    const why = (more: Partial<Told>) => reading({ extraction: unknown, ...more })
    assert.include(why({ streams: [tickets, problems] }), "before the source was counted")
    assert.include(why({ streams: [tickets, problems], sample: true }), "before the tickets were read: problems")
    assert.include(why({ streams: [stream("tickets", "ticket", survey, 900)] }), "more was read than was counted")
    assert.include(why({ streams: [stream("users", "person", { ...survey, rows: null })] }), "users: a few calls")
    assert.include(why({ extraction: { ...unknown, calls: 7 } }), "before the first records are read")
    assert.include(reading({ review: false, loading: unknown }), "how long writing takes")
    assert.include(basisOfWriting({ loading: unknown, secondsLeft: null }), "before the first records are written")
  })
})
