// Reading request bodies: typed access to loose JSON, and the checks of dates, ids and enumerations writes share.
import { isoSecond } from "../Clock.ts"
import { isObject } from "../Reply.ts"
import { type Details, fault } from "./Errors.ts"

export type Input = Readonly<Record<string, unknown>>

export const textOf = (input: Input, key: string): string | null => {
  const value = input[key]
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : null
}

export const idOf = (input: Input, key: string): number | null => {
  const value = input[key]
  const id = typeof value === "string" && value !== "" ? Number(value) : value
  return typeof id === "number" && Number.isSafeInteger(id) ? id : null
}

/** Present and not null. */
export const given = (input: Input, key: string): boolean => input[key] !== undefined && input[key] !== null

export const flagOf = (input: Input, key: string, otherwise: boolean): boolean => {
  const value = input[key]
  return typeof value === "boolean" ? value : typeof value === "string" ? value === "true" : otherwise
}

export const listOf = (input: Input, key: string): ReadonlyArray<unknown> => {
  const value = input[key]
  return Array.isArray(value) ? value : []
}

/** Lower case, blanks as underscores, each once. */
export const tagsOf = (values: ReadonlyArray<unknown>): ReadonlyArray<string> => [
  ...new Set(
    values
      .filter((value) => typeof value === "string" || typeof value === "number")
      .map((value) => String(value).toLowerCase().trim().replaceAll(/\s+/g, "_"))
      .filter((tag) => tag !== "")
  )
]

export const objectOf = (value: unknown): Input => (isObject(value) ? value : {})

/** A date between 1970 and now as the API prints it; null when absent or refused. */
export const dateOf = (input: Input, key: string, now: number, label: string, details: Details): string | null => {
  if (!given(input, key)) return null
  const value = input[key]
  const millis = typeof value === "string" ? Date.parse(value) : Number.NaN
  if (Number.isNaN(millis)) fault(details, key, `${label}: is not a valid date`, "InvalidFormat")
  else if (millis < 0) fault(details, key, `${label}: must be after 1970`, "InvalidValue")
  else if (millis > now) fault(details, key, `${label}: cannot be in the future`, "InvalidValue")
  else return isoSecond(Math.floor(millis / 1000))
  return null
}

export const choiceOf = (
  input: Input,
  key: string,
  values: ReadonlyArray<string>,
  label: string,
  details: Details
): string | null => {
  if (!given(input, key)) return null
  const value = String(input[key])
  if (values.includes(value)) return value
  fault(details, key, `${label}: ${value} is not included in the list`, "InvalidValue")
  return null
}
