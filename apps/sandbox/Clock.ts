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
export const isoSecond = (unixSeconds: number): string => {
  const day = Math.floor(unixSeconds / 86_400)
  const second = unixSeconds - day * 86_400
  return `${dayText(day)}T${two[Math.floor(second / 3600)]}:${two[Math.floor(second / 60) % 60]}:${two[second % 60]}Z`
}

const two = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"))
/** Rows are made by the hundred thousand within a few thousand days. */
const days = new Map<number, string>()
const dayText = (day: number): string => {
  const known = days.get(day)
  if (known !== undefined) return known
  const made = new Date(day * 86_400_000).toISOString().slice(0, 10)
  days.set(day, made)
  return made
}

export const nowSecond = (clock: Clock): number => Math.floor(clock.now() / 1000)
