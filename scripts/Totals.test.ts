import { expect, it } from "vitest"
import { line, sum, totals } from "./Totals.ts"

const report = (
  passed: number,
  failed: number,
  files: ReadonlyArray<{ status: string; assertionResults: ReadonlyArray<{ status: string }> }> = []
) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 1,
    numTodoTests: 1,
    testResults: files
  })

it("counts passed, failed and skipped tests", () =>
  expect(line(totals(report(7, 2, [{ status: "failed", assertionResults: [{ status: "failed" }] }]), 1))).toBe(
    "7 passed, 2 failed, 2 skipped"
  ))

it("counts a file that could not be loaded as a failure", () =>
  expect(totals(report(7, 0, [{ status: "failed", assertionResults: [] }]), 1).failed).toBe(1))

it("counts an error outside of any test as a failure", () => expect(totals(report(7, 0), 1).failed).toBe(1))

it("counts a crash that left no report as a failure", () => {
  expect(totals("", 139)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(totals('{"numPassed', 0).failed).toBe(1)
})

it("adds up what several runs came to", () =>
  expect(sum([totals(report(7, 0), 0), totals("", 1)])).toEqual({ passed: 7, failed: 1, skipped: 2 }))
