// Vendor time. A factor F makes a vendor's minute last 60/F seconds; dates in rows stay real dates.
// Limits, lags and job durations are asked for in vendor milliseconds and answered in real ones.

export type Clock = {
  /** Real unix milliseconds. */
  readonly now: () => number
  readonly factor: number
  /** Real milliseconds that a vendor duration lasts. */
  readonly lasts: (vendorMillis: number) => number
}

export const makeClock = (now: () => number, factor: number): Clock => {
  if (!(factor > 0)) throw new RangeError("the time factor must be above 0")
  return { now, factor, lasts: (vendorMillis) => vendorMillis / factor }
}

/** `2024-05-10T11:32:29Z`: both vendors write UTC seconds. */
export const isoSecond = (unixSeconds: number): string => `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z`

export const nowSecond = (clock: Clock): number => Math.floor(clock.now() / 1000)
