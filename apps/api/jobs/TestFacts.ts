// A stream of tickets as the tables tell it, for *.test.ts of estimates.
import type { Survey } from "@bridge/connectors/Survey"
import type { StreamFacts } from "./Ahead.ts"

export const counted = (rows: number | null, more: Partial<Survey> = {}): Survey => ({
  rows,
  share: 1,
  pageRows: 100,
  page: { account: 1, list: 1 },
  rowCalls: 2,
  row: { account: 2, view: 1 },
  calls: 9,
  ...more
})
export const stream = (more: Partial<StreamFacts> = {}): StreamFacts => ({
  stream: "tickets",
  entity: "ticket",
  ended: false,
  taken: 0,
  leftOut: 0,
  calls: 0,
  millis: 0,
  survey: counted(1_000),
  most: Number.POSITIVE_INFINITY,
  ...more
})
