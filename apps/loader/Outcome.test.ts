import { describe, expect, it } from "vitest"
import { failed, partOutcomes } from "./Outcome.ts"
import type { Entry } from "./Plan.ts"

const part = { entity: "comment", sourceId: "31", hash: "c1" } as const
const root = (word: "created" | "skipped" | "updated", destinationId = "9") =>
  ({ word, destinationId, hash: "h", error: null }) as const
const before = (over: Partial<Entry>): Entry => ({
  state: "created",
  destinationId: null,
  loadedHash: "c1",
  intent: null,
  error: null,
  createdJob: "job-1",
  adapted: null,
  lastJob: "job-1",
  ...over
})
const words = (r: Parameters<typeof partOutcomes>[0], entry: Entry | undefined, job = "job-2"): ReadonlyArray<string> =>
  partOutcomes(r, [part], () => entry, job).map((o) => o.word)

describe("outcomes of parts", () => {
  it("are created with their root", () => expect(words(root("created"), undefined)).toEqual(["created"]))

  it("fail with their root, in its words", () =>
    expect(
      partOutcomes(failed({ code: "no", message: "m", hint: "h" }), [part], () => undefined, "j")[0]
    ).toMatchObject({
      word: "failed",
      error: { code: "no" }
    }))

  it("are skipped when they were loaded with the same content", () =>
    expect(words(root("skipped"), before({}))).toEqual(["skipped"]))

  it("fail by themselves when they are new or changed on a ticket that is there already", () => {
    expect(words(root("skipped"), undefined)).toEqual(["failed"])
    expect(words(root("updated"), before({ loadedHash: "c0" }))).toEqual(["failed"])
  })

  it("stay created when the batch of this job is taken up again", () =>
    expect(words(root("skipped"), before({ createdJob: "job-2" }))).toEqual(["created"]))
})
