// Definitions of custom objects: made by admins, within the plan's limit.
// Source: Zendesk API reference, "Custom objects".
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, json, type Reply } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route, withBody } from "./Context.ts"
import { type Details, fault, forbidden, Refused, recordNotFound } from "./Errors.ts"
import type { CustomObject } from "./ObjectModel.ts"
import { objectLimit } from "./Plans.ts"
import { flagOf, objectOf, textOf } from "./Reading.ts"
import { written } from "./Written.ts"

/** Of objects and of their fields. */
export const keyForm = /^[a-z][a-z0-9_]{0,99}$/

export const now = (account: ZendeskAccount): string => isoSecond(nowSecond(account.clock))

export const objectUrl = (account: ZendeskAccount, key: string): string =>
  `https://${account.host}/api/v2/custom_objects/${key}`

export const objectRow = (account: ZendeskAccount, object: CustomObject): object => ({
  url: `${objectUrl(account, object.key)}.json`,
  key: object.key,
  title: object.title,
  raw_title: object.title,
  title_pluralized: object.titlePluralized,
  raw_title_pluralized: object.titlePluralized,
  description: object.description,
  raw_description: object.description,
  created_by_user_id: String(account.owner.id),
  updated_by_user_id: String(account.owner.id),
  created_at: object.createdAt,
  updated_at: object.updatedAt,
  include_in_list_view: true
})

/** The object the path names; `answer` is not asked when there is none. */
export const withObject =
  (answer: (context: Context, object: CustomObject) => Reply) =>
  (context: Context): Reply => {
    if (objectLimit(context.account.options.plan) === 0) return forbidden()
    const object = context.account.customObjects.get(context.parts[0] ?? "")
    return object === undefined ? recordNotFound() : answer(context, object)
  }

const listObjects = ({ account }: Context): Reply => {
  if (objectLimit(account.options.plan) === 0) return forbidden()
  const rows = [...account.customObjects.values()].map((object) => objectRow(account, object))
  return json(200, { custom_objects: rows, next_page: null, previous_page: null, count: rows.length })
}

const createObject = (context: Context): Reply => {
  const { account } = context
  if (objectLimit(account.options.plan) === 0) return forbidden()
  return withBody(context, "custom_object", (input) => {
    const details: Details = {}
    const key = textOf(input, "key") ?? ""
    const title = textOf(input, "title")?.trim() ?? ""
    const plural = textOf(input, "title_pluralized")?.trim() ?? ""
    if (key === "") fault(details, "key", "Key: cannot be blank", "BlankValue")
    else if (!keyForm.test(key)) fault(details, "key", `Key: ${key} is invalid`, "InvalidFormat")
    else if (account.customObjects.has(key)) fault(details, "key", `Key: ${key} is already taken`, "DuplicateValue")
    if (title === "") fault(details, "title", "Title: cannot be blank", "BlankValue")
    if (plural === "") fault(details, "title_pluralized", "Title pluralized: cannot be blank", "BlankValue")
    if (account.customObjects.size >= objectLimit(account.options.plan))
      fault(details, "base", "Custom objects: the limit of your plan is reached", "InvalidValue")
    if (Object.keys(details).length > 0) throw new Refused(details)
    const at = now(account)
    const object: CustomObject = {
      key,
      title,
      titlePluralized: plural,
      description: textOf(input, "description") ?? "",
      autonumbered:
        flagOf(objectOf(objectOf(input.name_properties).autonumbering), "enabled", false) ||
        flagOf(objectOf(input.name_properties), "autonumbering_enabled", false),
      fields: new Map(),
      records: new Map(),
      byExternalId: new Map(),
      createdAt: at,
      updatedAt: at
    }
    account.customObjects.set(key, object)
    written(context, "custom_object.create", key, { key, title, title_pluralized: plural })
    return json(201, { custom_object: objectRow(account, object) }, { location: `${objectUrl(account, key)}.json` })
  })
}

const changeObject = withObject((context, object) =>
  withBody(context, "custom_object", (input) => {
    object.title = textOf(input, "title") ?? object.title
    object.titlePluralized = textOf(input, "title_pluralized") ?? object.titlePluralized
    object.description = textOf(input, "description") ?? object.description
    object.updatedAt = now(context.account)
    written(context, "custom_object.update", object.key, { title: object.title })
    return json(200, { custom_object: objectRow(context.account, object) })
  })
)

const removeObject = withObject((context, object) => {
  context.account.customObjects.delete(object.key)
  written(context, "custom_object.delete", object.key, {})
  return empty(204)
})

export const limitRow = (count: number, limit: number): Reply => json(200, { count, limit })

export const one = "custom_objects/([a-z0-9_]+)"

export const customObjectRoutes: ReadonlyArray<Route> = [
  route("GET", "custom_objects.list", "custom_objects", listObjects),
  route("POST", "custom_objects.create", "custom_objects", createObject, true),
  route("GET", "custom_objects.limit", "custom_objects/limits/object_limit", ({ account }) =>
    limitRow(account.customObjects.size, objectLimit(account.options.plan))
  ),
  route(
    "GET",
    "custom_objects.view",
    one,
    withObject(({ account }, object) => json(200, { custom_object: objectRow(account, object) }))
  ),
  route("PATCH", "custom_objects.update", one, changeObject, true),
  route("DELETE", "custom_objects.delete", one, removeObject, true)
]
