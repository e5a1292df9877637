// Calls to Zendesk as data, and the ids their answers hold. For the sinks of this folder.
import type { Answer, Call, JsonObject } from "@bridge/http/Call"
import type { Lookup, Write } from "../Connector.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf } from "./Answers.ts"
import type { Config } from "./Config.ts"
import { jobCall, readJob, readOpenJobs } from "./Outcomes.ts"

/** Source: 100 records in every bulk call. */
export const batchSize = 100
/** The largest request is not documented (413 says when); well below what was seen to work. */
export const batchBytes = 4 * 1024 * 1024
/** Incremental exports hide the last minute. */
export const exportLagMillis = 65_000

const writing =
  (method: "POST" | "PUT" | "PATCH") =>
  (operation: string, path: string, body: JsonObject): Call => ({ operation, method, path, body, idempotent: false })

export const post = writing("POST")
export const put = writing("PUT")
export const patch = writing("PATCH")
export const remove = (operation: string, path: string): Call => ({
  operation,
  method: "DELETE",
  path,
  idempotent: false
})
export const get = (
  operation: string,
  path: string,
  query: Readonly<Record<string, string>> = {},
  budget?: string
): Call => ({
  operation,
  method: "GET",
  path,
  query,
  ...(budget !== undefined && { budget }),
  idempotent: true
})

/** Ids of the rows under `key` that pass, oldest first. */
export const idsWhere = (answer: Answer, key: string, passes: (row: JsonObject) => boolean): ReadonlyArray<string> =>
  listOf(bodyOf(answer)[key])
    .map(objectOf)
    .filter(passes)
    .flatMap((row) => idOf(row.id) ?? [])
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))

export const hasKey = (write: Write) => (row: JsonObject) =>
  idOf(row.external_id) === write.sourceKey && row.active !== false

export const keyed = (write: Write): JsonObject =>
  write.sourceKey === "" ? write.body : { ...write.body, external_id: write.sourceKey }

export const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, " ")}"`

export const byKey = (key: string, operation: string, path: string): Lookup<Config> => ({
  name: `${path} by external_id`,
  strong: true,
  lagMillis: 0,
  call: (_config, write) => get(operation, path, { external_id: write.sourceKey }),
  read: (write, answer) => idsWhere(answer, key, hasKey(write))
})

/** Pages of a list behind the first, where Zendesk cannot look for the key itself. `links.next` is never null. */
export const nextPage =
  (operation: string) =>
  (answer: Answer): Call | null => {
    const { links, meta } = bodyOf(answer)
    const next = textOf(objectOf(links).next)
    return objectOf(meta).has_more === true && next !== null
      ? { operation, method: "GET", path: next, idempotent: true }
      : null
  }

export const jobs = {
  jobStatus: (_config: Config, jobId: string) => jobCall(jobId),
  readJob: (_config: Config, writes: ReadonlyArray<Write>, answer: Answer) => readJob(writes, answer),
  openJobs: { call: () => get("listJobs", "/api/v2/job_statuses"), read: readOpenJobs }
}

export const externalId = (row: JsonObject): string | null => idOf(row.external_id)
