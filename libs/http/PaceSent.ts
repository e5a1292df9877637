// What was sent within the last window: for limits that slide, and for guesses. Pure; the memory of Pace.ts. Promise 7.
import type { PaceState } from "./PaceState.ts"

/** Calls this close together are remembered as one, and leave the window together. */
const parts = 60

/** A vendor counts a call when it gets there, which is later than we do; a slow answer is not waited for, though. */
const slack = (pace: PaceState): number => Math.min(pace.lagMillis, Math.max(pace.windowMillis / 150, 250))

export const noteSent = (pace: PaceState, now: number, cost: number): void => {
  const last = pace.sent.at(-1)
  if (last === undefined || now - last[0] >= pace.windowMillis / parts) pace.sent.push([now, cost, now])
  else {
    last[1] += cost
    last[2] = now
  }
}

/** A call that was refused is not counted by the vendor. */
export const noteRefused = (pace: PaceState, cost: number): void => {
  const last = pace.sent.at(-1)
  if (last !== undefined && last[1] > cost) last[1] -= cost
  else pace.sent.pop()
}

/** An answer to a call sent at `sentAt` came. The slowest of the last hundred or so counts. */
export const noteAnswer = (pace: PaceState, sentAt: number, now: number): void => {
  pace.lagMillis = Math.max(now - sentAt, pace.lagMillis * 0.99)
}

export const sentInWindow = (pace: PaceState, now: number): number => {
  const from = now - pace.windowMillis - slack(pace)
  while (pace.sent[0] !== undefined && pace.sent[0][2] <= from) pace.sent.shift()
  return pace.sent.reduce((sum, [, calls]) => sum + calls, 0)
}

/** Milliseconds until the oldest calls leave the window; undefined when there are none in it. */
export const untilFewer = (pace: PaceState, now: number): number | undefined => {
  const oldest = pace.sent[0]
  if (oldest === undefined) return undefined
  return Math.max(1, Math.ceil(oldest[2] + pace.windowMillis + slack(pace) - now))
}
