// The values of a record's fields, and what is wrong with them.
import { findTicket, type ZendeskAccount } from "./Account.ts"
import { type Details, fault } from "./Errors.ts"
import type { CustomObject, ObjectField, ObjectRecord } from "./ObjectModel.ts"
import { type Input, objectOf } from "./Reading.ts"

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
const idHead = "01JBRIDGE0"

/** Twenty-six signs that sort as their records were made. */
export const recordId = (serial: number): string => {
  let text = ""
  for (let rest = serial, k = 0; k < 16; k++, rest = Math.floor(rest / 32)) text = alphabet[rest % 32] + text
  return `${idHead}${text}`
}

export const byId = (object: CustomObject, id: string): ObjectRecord | undefined => {
  let serial = 0
  for (const sign of id.slice(idHead.length)) serial = serial * 32 + alphabet.indexOf(sign)
  const record = object.records.get(serial)
  return record?.id === id ? record : undefined
}

/** What is wrong with a value, or null. */
const valueProblem = (account: ZendeskAccount, field: ObjectField, value: unknown): string | null => {
  const option = (wanted: unknown): boolean => field.options.some((known) => known.value === wanted)
  const right = (ok: boolean): string | null => (ok ? null : `${field.title}: is invalid`)
  switch (field.type) {
    case "checkbox":
      return right(typeof value === "boolean")
    case "integer":
      return right(/^-?\d+$/.test(String(value)))
    case "decimal":
      return right(/^-?\d+(\.\d+)?$/.test(String(value)))
    case "date":
      return right(typeof value === "string" && /^\d{4}-\d\d-\d\d(T|$)/.test(value) && !Number.isNaN(Date.parse(value)))
    case "dropdown":
      return right(option(value))
    case "multiselect":
      return right(Array.isArray(value) && value.every(option))
    case "regexp":
      return right(typeof value === "string" && new RegExp(field.pattern ?? "").test(value))
    case "lookup":
      return right(exists(account, field.target ?? "", value))
    default:
      return right(typeof value === "string" && value.length <= 65_536)
  }
}

/** Whether a lookup's value names a record of its target. */
export const exists = (account: ZendeskAccount, target: string, value: unknown): boolean => {
  if (typeof value !== "string" && typeof value !== "number") return false
  switch (target) {
    case "zen:user":
      return account.users.get(Number(value))?.active === true
    case "zen:organization":
      return account.organizations.get(Number(value))?.deletedAt === null
    case "zen:ticket":
      return findTicket(account, Number(value)) !== undefined
    default: {
      const object = account.customObjects.get(target.replace(/^zen:custom_object:/, ""))
      return object !== undefined && byId(object, String(value)) !== undefined
    }
  }
}

export const readValues = (
  account: ZendeskAccount,
  object: CustomObject,
  input: Input,
  before: Input,
  details: Details
): Input => {
  const values: Record<string, unknown> = { ...before }
  for (const [key, value] of Object.entries(objectOf(input.custom_object_fields))) {
    const field = object.fields.get(key)
    const problem =
      field === undefined
        ? `${key}: is not a field of ${object.key}`
        : value === null || value === ""
          ? null
          : valueProblem(account, field, value)
    if (problem !== null) fault(details, key, problem, "InvalidValue")
    else values[key] = value === "" ? null : value
  }
  for (const field of object.fields.values())
    if (field.required && field.active && (values[field.key] ?? null) === null)
      fault(details, field.key, `${field.title}: cannot be blank`, "BlankValue")
  return values
}
