// What a test run came to: vitest's JSON report, and its exit code when that tells more. For scripts/test.ts.

export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

/** A crash, a file that cannot be loaded and an error outside of any test each count as a failure. */
export const totals = (json: string, exitCode: number): Totals => {
  const report = parse(json)
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")
  ).length
  const failed = report.numFailedTests + broken
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests
  }
}

/** Of several runs together. */
export const sum = (runs: ReadonlyArray<Totals>): Totals => ({
  passed: runs.reduce((n, one) => n + one.passed, 0),
  failed: runs.reduce((n, one) => n + one.failed, 0),
  skipped: runs.reduce((n, one) => n + one.skipped, 0)
})

/** The closing line of `npm test`. */
export const line = ({ passed, failed, skipped }: Totals): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

const parse = (json: string): Report | undefined => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
