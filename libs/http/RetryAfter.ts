// How long a vendor asks us to wait, in every form of `Retry-After` seen in the wild. For VendorHttp and connectors.

/** The longest wait we believe; an hourly limit needs up to one hour, a bad clock at the vendor must not park us for days. */
const longestMillis = 2 * 3_600_000

/**
 * Milliseconds to wait, or undefined when the text says nothing. Understood: seconds (`30`, `1.5`, `30s`, `30 seconds`,
 * `00:00:30`), an HTTP or ISO date, epoch seconds and epoch milliseconds. A past instant is 0.
 */
export const retryAfterMillis = (text: string | undefined, now: number): number | undefined => {
  const value = text?.trim().replaceAll(/^"|"$/g, "") ?? ""
  const millis = value === "" ? undefined : (fromNumber(value, now) ?? fromClock(value) ?? fromDate(value, now))
  return millis === undefined ? undefined : Math.min(longestMillis, Math.max(0, Math.ceil(millis)))
}

const fromNumber = (value: string, now: number): number | undefined => {
  const match = /^([+-]?\d+(?:[.,]\d+)?)\s*(ms|millis(?:econds)?|s|secs?|seconds?|m|min(?:utes?)?)?$/i.exec(value)
  if (match === null) return undefined
  const number = Number((match[1] ?? "").replace(",", "."))
  const unit = (match[2] ?? "").toLowerCase()
  if (unit.startsWith("ms") || unit.startsWith("milli")) return number
  if (unit.startsWith("m")) return number * 60_000
  if (number >= 1e11) return number - now // epoch milliseconds
  if (number >= 1e9) return number * 1000 - now // epoch seconds
  return number * 1000
}

const fromClock = (value: string): number | undefined => {
  const match = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(value)
  if (match === null) return undefined
  return (Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3])) * 1000
}

const fromDate = (value: string, now: number): number | undefined => {
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : at - now
}
