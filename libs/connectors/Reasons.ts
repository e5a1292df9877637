// What a vendor's refusal of a question means for reading on. For Engine.ts.
// What does not belong here: retries and waiting (libs/http).
import type { Reason } from "@bridge/http/VendorError"

/** The record went away in between, or is not ours to see: 404, 410, 403. */
export const isGone = (reason: Reason): boolean =>
  reason._tag === "Gone" || (reason._tag === "AuthRejected" && reason.status === 403)

/** The vendor does not take the question. */
export const isRefused = (reason: Reason): boolean => reason._tag === "Refused" && reason.status === 400
