// Instants as text, read quickly: a record has a dozen of them, nearly all as `2024-05-10T11:32:29Z`. For everyone who reads times
// once per record. What does not belong here: what a time means, other forms (`Date.parse` reads them).

/** As Date.parse: milliseconds, NaN for what is no time. */
export const millisOf = (text: string): number => {
  const quick = text.length === plainLength ? plainMillis(text) : Number.NaN
  return Number.isNaN(quick) ? Date.parse(text) : quick
}

const plainLength = "2024-05-10T11:32:29Z".length

/** Whether the day that a text begins with exists: `Date.parse` takes February 31st for March 3rd. */
export const isDay = (text: string): boolean => {
  const day = text.slice(0, "2024-05-10".length)
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

/** True for `2024-05-10T11:32:29Z`, whatever the digits. */
export const isPlain = (text: string): boolean => text.length === plainLength && plain.test(text)

const plain = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Days before each month of a year that is no leap year. */
const before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

/** NaN wherever the text is not of this form, or a part of it is out of its ordinary range. */
const plainMillis = (t: string): number => {
  if (t[4] !== "-" || t[7] !== "-" || t[10] !== "T" || t[13] !== ":" || t[16] !== ":" || t[19] !== "Z")
    return Number.NaN
  const year = two(t, 0) * 100 + two(t, 2)
  const month = two(t, 5)
  const day = two(t, 8)
  const hour = two(t, 11)
  const minute = two(t, 14)
  const second = two(t, 17)
  // Days 29 to 31 are for Date.parse to judge.
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && minute < 60 && second < 60))
    return Number.NaN
  const leaps = leapsBefore(month > 2 ? year + 1 : year) - leapsBefore(1970)
  const days = (year - 1970) * 365 + leaps + (before[month - 1] as number) + day - 1
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
}

const leapsBefore = (year: number): number => {
  const last = year - 1
  return Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400)
}

/** Two digits as a number; NaN for anything else. */
const two = (text: string, at: number): number => {
  const [high, low] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN
}
