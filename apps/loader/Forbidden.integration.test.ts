// A destination that does not let us look at a part of it: its plan lacks the part, or our role may not.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { heldBy, type Lab, openLab, type Seed } from "./testing/Lab.ts"

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab?.close())

beforeEach(() => {
  lab.vendor.forbidden = null
  lab.vendor.key = null
  lab.vendor.fate = () => "answer"
  lab.vendor.kept.length = 0
})

const group = (sourceId: string): Seed => ({ sourceId, body: { name: `Group ${sourceId}` } })
const events = (job: string, type: string) =>
  lab.rows((sql) => sql`select 1 from job_events where job_id = ${job}::uuid and type = ${type}`)

describe("a look that is forbidden", () => {
  it("before a create does not hold it up: the vendor says itself whether it takes the record", async () => {
    lab.vendor.forbidden = "group"
    const job = await lab.job({ group: [group("a"), group("b")] })
    await lab.migrate(job)
    expect((await lab.outcomes(job, "group")).map((o) => o.outcome)).toEqual(["created", "created"])
    expect(await events(job, "connection-refused")).toEqual([])
  })

  it("after a lost answer proves nothing: the record stays open until somebody may look, and is never doubled", async () => {
    let lost = false
    lab.vendor.fate = (operation) => {
      if (lost || operation !== "POST /group") return "answer"
      lost = true
      lab.vendor.forbidden = "group"
      return "lose"
    }
    const job = await lab.job({ group: [group("c")] })
    const done = lab.migrate(job)
    await expect.poll(async () => (await events(job, "outcome-unknown")).length).toBeGreaterThan(0)
    expect(heldBy(lab.vendor, "group")).toEqual(["c"])
    lab.vendor.forbidden = null
    await done
    expect(heldBy(lab.vendor, "group")).toEqual(["c"])
    expect((await lab.outcomes(job, "group")).map((o) => o.outcome)).toEqual(["created"])
  })

  it("is waited for where everything is forbidden: the credentials are what is refused", async () => {
    lab.vendor.forbidden = ""
    const job = await lab.job({ group: [group("d")] })
    const done = lab.migrate(job)
    await expect.poll(async () => (await events(job, "connection-refused")).length).toBeGreaterThan(0)
    expect(lab.vendor.kept).toEqual([])
    lab.vendor.forbidden = null
    await done
    expect(heldBy(lab.vendor, "group")).toEqual(["d"])
  })
})
