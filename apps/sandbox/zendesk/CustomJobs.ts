// A hundred records of a custom object in one job: made, changed or deleted.
import { isObject, json, jsonBody } from "../Reply.ts"
import { isJob, jobBody, type Route, type RowResult, route, startJobOver } from "./Context.ts"
import { one, withObject } from "./CustomObjects.ts"
import { drop, keep, named, type Write } from "./CustomRecords.ts"
import { byId } from "./CustomValues.ts"
import { badRequest, Refused } from "./Errors.ts"
import { type Input, textOf } from "./Reading.ts"

type Action = (write: Write, item: unknown) => string

const itemOf = (item: unknown): Input => (isObject(item) ? item : {})
const missing = (what: string): never => {
  throw new Refused({ base: [{ description: `${what}: not found`, error: "RecordNotFound" }] })
}
const idOf = (item: unknown): string => (typeof item === "string" ? item : (textOf(itemOf(item), "id") ?? ""))

const actions: Readonly<Record<string, Action>> = {
  create: (write, item) => keep(write, undefined, itemOf(item)).id,
  update: (write, item) => keep(write, byId(write.object, idOf(item)) ?? missing(idOf(item)), itemOf(item)).id,
  create_or_update_by_external_id: (write, item) =>
    keep(write, write.object.byExternalId.get(textOf(itemOf(item), "external_id") ?? ""), itemOf(item)).id,
  create_or_update_by_name: (write, item) =>
    keep(write, named(write.object, textOf(itemOf(item), "name") ?? ""), itemOf(item)).id,
  delete: (write, item) => {
    const record = byId(write.object, idOf(item)) ?? missing(idOf(item))
    drop(write.context, write.object, record, write.job)
    return record.id
  },
  delete_by_external_id: (write, item) => {
    const externalId = typeof item === "string" ? item : (textOf(itemOf(item), "external_id") ?? "")
    const record = write.object.byExternalId.get(externalId) ?? missing(externalId)
    drop(write.context, write.object, record, write.job)
    return record.id
  }
}

const recordResult: RowResult = {
  done: (index, id) => ({ index, id, status: "Success", success: true }),
  failed: (index, refused) => ({ index, success: false, error: "RecordInvalid", details: refused.message })
}

const job = withObject((context, object) => {
  const input = jsonBody(context.call)?.job
  const action = isObject(input) ? actions[String(input.action)] : undefined
  if (!isObject(input) || action === undefined) return badRequest("Parameter job with a known action is required")
  const started = startJobOver(context, "Custom Object Records", "items", input.items, recordResult, (item, { id }) =>
    action({ context, object, job: id }, item)
  )
  return isJob(started) ? json(201, jobBody(context.account, started)) : started
})

export const customJobRoutes: ReadonlyArray<Route> = [route("POST", "custom_object_records.job", `${one}/jobs`, job)]
