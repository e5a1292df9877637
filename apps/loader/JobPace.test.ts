import { describe, expect, it } from "vitest"
import { JobPace } from "./JobPace.ts"

/** Questions that a job of this length costs, and how late its end is noticed. */
const follow = (pace: JobPace, millis: number) => {
  let waited = 0
  for (let questions = 1; ; questions++) {
    waited += pace.wait("c", waited)
    if (waited < millis) continue
    pace.ended("c", waited, questions)
    return { questions, late: waited - millis }
  }
}

describe("following a vendor's jobs", () => {
  it.each([50, 400, 3_000, 40_000])("costs a few questions each where they take %i ms, and is not late", (millis) => {
    const pace = new JobPace()
    for (let i = 0; i < 20; i++) follow(pace, millis)
    const jobs = Array.from({ length: 20 }, () => follow(pace, millis))
    const questions = jobs.reduce((n, job) => n + job.questions, 0) / jobs.length
    expect(questions).toBeLessThan(4)
    for (const { late } of jobs) expect(late).toBeLessThanOrEqual(Math.max(100, millis * 0.5))
  })

  it("does not keep a first job waiting", () => expect(new JobPace().wait("c", 0)).toBe(100))

  it("finds the pace of jobs that have become quicker", () => {
    const pace = new JobPace()
    for (let i = 0; i < 5; i++) follow(pace, 8_000)
    for (let i = 0; i < 40; i++) follow(pace, 100)
    expect(follow(pace, 100).late).toBeLessThan(200)
  })
})
