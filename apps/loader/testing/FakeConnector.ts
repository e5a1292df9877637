// The connector of FakeVendor.ts: persons in bulk (matched by e-mail), groups one by one (matched by name), tickets in bulk
// with their comments.
import type {
  AnyConnector,
  Call,
  Further,
  JsonObject,
  Sink,
  Uploads,
  Write,
  WriteOutcome
} from "@bridge/connectors/Connector"
import type { EntityId } from "@bridge/domain/Entities"
import type { Answer } from "@bridge/http/Call"
import { Schema } from "effect"

type Parsed = Readonly<Record<string, unknown>>

const parse = (answer: Answer): Parsed => JSON.parse(answer.body.toString("utf8"))
const keyed = ({ body: { labels: _later, ...body }, sourceKey }: Write): JsonObject => ({ ...body, key: sourceKey })

/** Files are uploaded first; a ticket names their tokens under `files`. */
const uploads: Uploads<unknown> = {
  bytes: 1000,
  lifeMillis: 600,
  call: (_config, { mime, name }, bytes) => ({
    operation: "upload",
    method: "POST",
    path: "/uploads",
    query: { name },
    headers: { "x-name": name },
    bytes,
    bytesType: mime,
    idempotent: false
  }),
  read: (answer) => {
    const made = parse(answer)
    if (answer.status !== 201)
      return { _tag: "UploadRefused", code: String(made["code"]), message: String(made["message"]), hint: "" }
    return { _tag: "Uploaded", token: String(made["token"]), fileId: null, url: null }
  },
  attach: (body, files) => ({ ...body, files: files.map(([, { token }]) => token) }),
  listing: (call) => call,
  files: () => []
}

/** `labels` of a group: a call each, behind it. */
const labels: Further<unknown> = {
  field: "labels",
  ofMatched: false,
  of: ({ body }) => (Array.isArray(body["labels"]) ? body["labels"].map(String) : []),
  list: (_config, _write, id) => get("labels", `/labels/${id}`),
  readList: (answer) => ({ names: parse(answer)["names"] as ReadonlyArray<string>, next: null }),
  create: (_config, _write, id, name) => post("label", `/labels/${id}`, { name }),
  readCreate: (answer) =>
    answer.status === 201 ? null : { code: "Refused", message: String(parse(answer)["message"]), hint: "" }
}

const get = (operation: string, path: string, query: Readonly<Record<string, string>> = {}): Call => ({
  operation,
  method: "GET",
  path,
  query,
  idempotent: true
})
const post = (operation: string, path: string, body: JsonObject): Call => ({
  operation,
  method: "POST",
  path,
  body,
  idempotent: false
})

const outcomeOf = (made: Parsed): WriteOutcome =>
  typeof made["id"] === "string"
    ? { _tag: "Created", destinationId: made["id"] }
    : { _tag: "Failed", code: String(made["code"]), message: String(made["message"]), hint: "Correct it." }

const idsOf = (answer: Answer): ReadonlyArray<string> =>
  (parse(answer)["records"] as ReadonlyArray<{ readonly id: string }>).map((r) => r.id)

const single = (entity: EntityId): Omit<Sink<unknown>, "createMany"> => ({
  entity,
  stream: entity,
  parts: entity === "ticket" ? ["comment", "attachment"] : [],
  ...(entity === "ticket" && { uploads }),
  ...(entity === "group" && { further: labels }),
  batchSize: 5,
  batchBytes: 100_000,
  createOne: (_config, write) => post("createOne", `/${entity}`, keyed(write)),
  readAnswer: (_config, writes, answer) => {
    const made = parse(answer)
    if (answer.status === 409) return { _tag: "Busy", retryAfterMillis: 10 }
    if (typeof made["job"] === "string") return { _tag: "Job", jobId: made["job"] }
    if (writes.length > 1) return { _tag: "BatchRefused", code: "refused", message: "refused", hint: "" }
    return { _tag: "Results", outcomes: [outcomeOf(made)] }
  },
  lookup: [
    {
      name: "by key",
      strong: true,
      lagMillis: 0,
      call: (_config, write) => get("find", `/${entity}`, { key: write.sourceKey }),
      read: (_write, answer) => idsOf(answer)
    }
  ],
  readBack: { stream: entity, lagMillis: 0, sourceKey: (row) => String(row["key"]) }
})

const bulk = (entity: EntityId): Sink<unknown> => ({
  ...single(entity),
  createMany: (_config, writes) => post("createMany", `/${entity}`, { records: writes.map(keyed) }),
  jobStatus: (_config, jobId) => get("job", `/jobs/${jobId}`),
  readJob: (writes, _writes, answer) => {
    void writes
    const results = parse(answer)["results"] as ReadonlyArray<Parsed> | null
    return results === null
      ? { _tag: "Pending", pollAfterMillis: 10 }
      : { _tag: "Done", outcomes: results.map(outcomeOf) }
  },
  openJobs: {
    call: () => get("jobs", "/jobs"),
    read: (answer) => {
      const { known, open } = parse(answer)
      return { known: known === true, open: open as ReadonlyArray<string> }
    }
  }
})

const byField = (entity: EntityId, field: "email" | "name"): NonNullable<Sink<unknown>["match"]> => [
  {
    name: `by ${field}`,
    call: (_config, write) => {
      const value = write.body[field]
      return typeof value === "string" ? get("match", `/${entity}`, { [field]: value }) : null
    },
    read: (_write, answer) => idsOf(answer)
  }
]

/** A further organization of a person: a record of its own. */
const further: Pick<Sink<unknown>, "createOne" | "lookup"> = {
  createOne: (_config, write) => post("createFurther", "/further", keyed(write)),
  lookup: [
    {
      name: "further by key",
      strong: true,
      lagMillis: 0,
      call: (_config, write) => get("findFurther", "/further", { key: write.sourceKey }),
      read: (_write, answer) => idsOf(answer)
    }
  ]
}

export const fakeHost = "desk.example.com"

export const fakeConnector: AnyConnector = {
  vendor: "zendesk",
  title: "Fake",
  config: Schema.Unknown,
  secrets: [],
  host: () => fakeHost,
  hostPattern: fakeHost,
  instance: () => "desk",
  authorise: (config) => ({ "x-key": String(Object(config)["key"] ?? "") }),
  budgets: () => [],
  limits: () => [],
  verdict: (_call, { status }) => {
    if (status < 300 || status === 409) return { _tag: "Ok" }
    if (status === 429) return { _tag: "Throttled", retryAfterMillis: 20 }
    if (status === 401) return { _tag: "AuthRejected", message: "wrong key" }
    if (status === 403) return { _tag: "AuthRejected", message: "not allowed" }
    if (status === 404) return { _tag: "Gone", message: "gone" }
    if (status >= 500) return { _tag: "Transient", message: String(status) }
    return { _tag: "Refused", code: "refused", message: String(status), hint: "" }
  },
  check: { call: () => get("check", "/jobs"), read: () => null },
  discover: [],
  streams: [],
  sinks: [
    { ...bulk("person"), match: byField("person", "email") },
    { ...single("group"), batchSize: 1, match: byField("group", "name") },
    // Objects are made before the records of theirs.
    { ...single("asset-type"), batchSize: 1 },
    single("relation"),
    { ...single("custom-field"), batchSize: 1 },
    bulk("asset"),
    bulk("location"),
    bulk("department"),
    single("group-member"),
    bulk("ticket")
  ],
  furtherOrganizations: { ...single("person"), ...further }
}
