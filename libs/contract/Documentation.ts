// What /api/docs and openapi.json say about each route beyond its schemas: summaries, examples, parameters, fields. For Api.ts.
// Not here: shapes (the groups beside), how to use them in order (docs/api.md).
import { problemCodes } from "./Problem.ts"

interface Route {
  readonly summary: string
  readonly description?: string
  /** A request body that would be taken. */
  readonly example?: unknown
}

const [from, to] = ["1061f9d0-3dd7-492f-941d-69dce08e4391", "e3321815-0fc2-4ae4-88b5-8d0b96576457"]
const stored = "01a21817-a897-76b4-ae35-9667abc0f6af"
const hash = "9292f9dc1e98a9e2cd22593c9043cb326facffeb73a088274083adb52b5163f7"

/** By operation id. */
export const routes: Readonly<Record<string, Route>> = {
  "sessions.login": {
    summary: "Log in",
    description:
      "The access token lasts 15 minutes; POST /api/refresh gives the next one. Cookies are set for browsers.",
    example: { email: "admin@acme.example", password: "the password" }
  },
  "sessions.refresh": {
    summary: "Get the next access token",
    description:
      "Takes the refresh token from the body or the cookie. Each works once: used twice, the whole session ends.",
    example: { refreshToken: "the refreshToken of the last answer" }
  },
  "sessions.createTenant": {
    summary: "Make a tenant with its first user, an admin",
    description:
      "Takes the operator's token (BRIDGE_OPERATOR_TOKEN) as bearer; an installation that has none lets the first tenant be made without.",
    example: { slug: "acme", name: "Acme", admin: { email: "admin@acme.example", password: "at least 10 characters" } }
  },
  "tenant.settings": { summary: "What the tenant is given, and how long its records are kept" },
  "tenant.change": {
    summary: "Change the tenant's name, or how long its records are kept",
    description: "Counts for what is extracted from now on. Tier and weight are the operator's to change.",
    example: { retentionDays: 60 }
  },
  "tenants.get": {
    summary: "What a tenant is given (operator)",
    description: "Takes the operator's token (BRIDGE_OPERATOR_TOKEN) as bearer."
  },
  "tenants.change": {
    summary: "Change a tenant's tier, weight or retention (operator)",
    description:
      "Takes the operator's token as bearer. `weight` is the tenant's part of the work where others wait, in place of its tier's (standard 1, premium 2, enterprise 4); null gives the tier's again. Services go by it within a minute.",
    example: { tier: "premium", retentionDays: 90 }
  },
  "profile.logout": { summary: "End the session" },
  "profile.profile": { summary: "Who am I, in which tenant, with which role" },
  "profile.tokens": { summary: "List the API tokens" },
  "profile.createToken": {
    summary: "Make an API token for scripts",
    description: "Its role is never more than its owner's. The token is shown in this answer only.",
    example: { name: "nightly report", role: "viewer", expiresInDays: 90 }
  },
  "profile.revokeToken": { summary: "End an API token" },
  "connectors.types": {
    summary: "What can be connected",
    description: "`form` is the JSON Schema of the `config` that the vendor needs; secrets are marked `writeOnly`."
  },
  "connectors.test": {
    summary: "Try a connection without storing it",
    example: { vendor: "freshservice", config: { domain: "acme.freshservice.com", api_key: "..." } }
  },
  "connectors.list": { summary: "List the connections" },
  "connectors.create": {
    summary: "Connect a vendor's account",
    description:
      "The connection is tested first; one that does not work is not stored. Secrets are kept encrypted and never shown.",
    example: { vendor: "zendesk", config: { subdomain: "acme", email: "admin@acme.example", api_token: "..." } }
  },
  "connectors.get": { summary: "See a connection" },
  "connectors.change": {
    summary: "Change name, share or keys of a connection",
    description: "New keys are tested first. The account stays: another account is another connection.",
    example: { config: { api_token: "the new token" } }
  },
  "connectors.remove": { summary: "Remove a connection and its secrets" },
  "connectors.streams": {
    summary: "What is found behind a connection",
    description: "Streams with their schemas, and the account's own fields. Asks the vendor."
  },
  "mappings.list": { summary: "List the mappings, the newest version of each" },
  "mappings.create": {
    summary: "Store a mapping, or a new version of one",
    description:
      "Start from GET /api/mappings/{id} of a job's mapping: change its `mapping` and send it back with the `id`. docs/mapping.md explains the rows.",
    example: { id: stored, name: "ours", mapping: { "...": "all of `mapping` of GET /api/mappings/{id}, changed" } }
  },
  "mappings.get": { summary: "See a mapping" },
  "mappings.versions": { summary: "List the versions of a mapping, the newest first" },
  "mappings.diff": {
    summary: "See what differs between two versions",
    description: "Rules are told apart by what they write: `entities.ticket.fields[subject].from`."
  },
  "mappings.preview": {
    summary: "Try a mapping on records of a job",
    description:
      "Shows up to 50 archived records as they were mapped and as this mapping would map them; nothing is changed. With `mapping` one is tried that is not stored. References are settled over the whole job only.",
    example: { job: stored, entity: "tickets", limit: 10 }
  },
  "migrations.create": {
    summary: "Begin a migration",
    description:
      "Nothing is written at the destination before somebody approves (unless `requireApproval` is false). Answers at once; see the state with GET /api/jobs/{id}, or watch GET /api/jobs/{id}/progress-stream.",
    example: {
      source: from,
      destination: to,
      entities: ["ticket", "comment"],
      options: { since: "2024-01-01T00:00:00Z", filters: { ticket: { status: ["open", "pending"] } }, sampleSize: 50 }
    }
  },
  "migrations.list": { summary: "List the migrations, newest first" },
  "migrations.get": { summary: "See a migration" },
  "migrations.survey": {
    summary: "Estimate a migration before it begins",
    description:
      "Takes what POST /api/migrations takes. Counts the source with a few calls of its lists and writes nothing: rows and calls of every stream, and the time under the vendors' limits. Takes up to a minute where those are low.",
    example: { source: from, destination: to, options: { filters: { ticket: { status: "open" } } } }
  },
  "migrations.estimate": {
    summary: "How much there is, and how long it still takes",
    description:
      "`secondsLeft` and `eta` are until the review where one is asked for and the source is being read, else to the end; what is not known is null, and `basis` says why. `limitedBy` names the vendor's limit that makes it as long."
  },
  "jobs.list": { summary: "List the jobs, newest first" },
  "jobs.get": {
    summary: "See a job",
    description:
      "`state`: queued, running, extracting, data_ready, validation_pending (your approval is needed), loading, completed; or failed (see `error`), or cancelled. The proof is there when `auditComplete` is true."
  },
  "jobs.pause": { summary: "Hold a job after the batch at hand" },
  "jobs.resume": { summary: "Let a paused job go on" },
  "jobs.cancel": { summary: "End a job", description: "What is written at the destination stays there." },
  "jobs.remap": {
    summary: "Transform again with another mapping",
    description:
      "Only while the job waits for a review. Runs from the archive, without the source; hashes change, an approval is void.",
    example: { mappingId: stored, version: 2 }
  },
  "review.summary": {
    summary: "What was extracted, for review",
    description:
      "Counts, warnings, what is left out and why, and a hash per entity. `approval` is what to approve: send it as it is."
  },
  "review.records": { summary: "List the job's records" },
  "review.record": { summary: "Everything known of one record, from the vendor's row to the destination" },
  "review.csv": {
    summary: "The records of one entity as CSV",
    description:
      "Streamed, RFC 4180, UTF-8. First the columns that need a decision, then ids, our record, and `to.*`: what would be written."
  },
  "review.approve": {
    summary: "Approve exactly what was reviewed, and load it",
    description:
      "The body is `approval` of the extraction summary. If anything is different now: 409 `approval-outdated`, and `errors` says what.",
    example: {
      hashes: { ticket: hash, comment: hash },
      mapping: { id: stored, version: 1 },
      destination: "zendesk:acme"
    }
  },
  "review.results": { summary: "What was loaded, and every failure in the vendor's words" },
  "review.report": {
    summary: "The audit report",
    description: "Written when the destination has been read back (`auditComplete`); before that 404 `report-missing`."
  },
  "review.verify": { summary: "Check the chained audit log" },
  "live.progress": {
    summary: "Watch a job (server-sent events)",
    description:
      "`snapshot`, then `progress` at most four times a second, `end` when the job has ended. Every event is the whole state."
  },
  "health.live": { summary: "Is the process up" },
  "health.ready": { summary: "Are database and broker there" }
}

export const groups: Readonly<Record<string, string>> = {
  sessions: "Logging in, and making tenants.",
  profile: "Who is logged in, and tokens for scripts.",
  tenant: "What holds for the tenant of who asks.",
  tenants: "What holds for a tenant, for whoever runs the installation.",
  connectors: "Accounts at vendors.",
  mappings: "How a source's records become the destination's, in versions.",
  migrations: "Beginning a migration.",
  jobs: "Seeing, holding and ending jobs.",
  review: "Seeing what was extracted, approving it, and the proof that it arrived.",
  live: 'Progress as it happens. The same for many jobs over one WebSocket: `/api/live`, send `{"type":"subscribe","jobs":["JOB"]}` (docs/api.md).',
  health: "For whoever supervises the process; figures for Prometheus are at `/metrics`."
}

export const parameters: Readonly<Record<string, string>> = {
  "idempotency-key":
    "Any words of your own: a repeat with the same key and body gets the first answer and does nothing new.",
  "last-event-id": "The id of the last event received, to go on counting.",
  cursor: "`next` of the page before.",
  limit: "How many, at most 500.",
  id: "Id, as the lists and the answer to POST give it.",
  recordId: "`id` of a record in the list.",
  entity: "Only this entity, like ticket.",
  entity_type: "An entity of the job: tickets, comments, people, groups, group-members, departments.",
  state: "Only those in this state.",
  version: "The newest when not given.",
  from: "The version before.",
  to: "The version after.",
  bom: "true for spreadsheets that need a byte order mark.",
  format: "json (default) or html."
}

/** `Schema.field` of what is sent. */
export const fields: Readonly<Record<string, string>> = {
  "NewMigration.source": "Connection to read.",
  "NewMigration.destination": "Connection to write.",
  "NewMigration.entities": "Ids, plurals or aliases; all that both sides can do when not given. Parents come along.",
  "NewMigration.options":
    "Everything may be left out: since and until (only rows changed in between), filters, sampleSize, batchSize, requireApproval, createMissingFields.",
  "MigrationOptions.since":
    "Only rows changed at or after this instant, of entities whose rows change: people and the like come whole.",
  "MigrationOptions.until": "Only rows changed at or before this instant.",
  "MigrationOptions.filters":
    "By entity, then by the names that GET /api/connectors/{id}/streams gives: a value or a list of which any will do; all must hold.",
  "MigrationOptions.sampleSize":
    "So many tickets, the newest where the vendor can tell, with everything they refer to and nothing else.",
  "MigrationOptions.batchSize": "Records in a batch, at most 500 (the default).",
  "MigrationOptions.requireApproval": "true when not given: nothing is written before somebody approves.",
  "MigrationOptions.createMissingFields":
    "Fields of tickets, people and departments that the destination lacks are made there when the load begins; else their values are not moved.",
  "EntitySummary.leftOut":
    "Rows of the source's lists that the job's options do not ask for: looked at, not taken, in no other count.",
  "NewMigration.mapping":
    "A stored mapping; when not given the pair's default, with the custom fields found on both sides.",
  "NewConnection.name": "What to call it; the account when not given.",
  "NewConnection.config": "As `form` of GET /api/connectors/types says.",
  "NewConnection.share": "Part of the vendor's limits that Bridge may use, up to 1 (all, the default).",
  "ConnectionChange.config": "Keys that change; the others, secrets too, stay as they are.",
  "NewMapping.id": "A new version of this mapping; a new mapping when absent.",
  "TenantChange.retentionDays": "30 to 90 days from the end of a job.",
  "TenantTerms.weight": "1 to 100; null: what the tier gives.",
  "NewTenant.slug": "Short name: small letters, digits and -.",
  "Approval.hashes": "The hash of every entity, as the summary names it.",
  "Approval.exclusions": "Hash of what is left out.",
  "Problem.code": "Stable: what programs go by.",
  "Problem.detail": "What is wrong in this case.",
  "Problem.hint": "What to do."
}

type Json = Record<string, unknown>
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {})
const values = (value: unknown): ReadonlyArray<Json> => Object.values(object(value)).map(object)

/** Puts the words where they belong. What has none stays as it is; a test says so. */
export const documented = (spec: Json): Json => {
  for (const operation of values(spec["paths"]).flatMap(values)) {
    const { example, ...words } = routes[String(operation["operationId"])] ?? {}
    Object.assign(operation, words)
    for (const parameter of values(operation["parameters"])) {
      const words = parameters[String(parameter["name"])]
      if (words !== undefined) parameter["description"] = words
    }
    for (const body of values(object(operation["requestBody"])["content"])) body["example"] = example
    for (const [status, response] of Object.entries(object(operation["responses"])))
      for (const [type, content] of Object.entries(object(object(response)["content"]))) {
        if (type === "application/problem+json") object(content)["examples"] = examples(Number(status))
        // Of use to its own client only.
        delete object(object(content)["schema"])["x-effect-stream"]
      }
  }
  const schemas = object(object(spec["components"])["schemas"])
  for (const [name, schema] of Object.entries(schemas))
    for (const [field, property] of Object.entries(object(object(schema)["properties"]))) {
      const words = fields[`${name.replace(/^Problem\d+$/, "Problem")}.${field}`]
      if (words !== undefined) object(property)["description"] = words
    }
  return {
    ...(plain(spec) as Json),
    tags: Object.entries(groups).map(([name, description]) => ({ name, description }))
  }
}

/** A problem document for each code of a status. */
const examples = (status: number): Json =>
  Object.fromEntries(
    Object.entries(problemCodes).flatMap(([code, [of, title, hint]]) =>
      of === status
        ? [[code, { value: { type: `urn:bridge:problem:${code}`, code, status, title, detail: `${title}.`, hint } }]]
        : []
    )
  )

/** Without the bounds that every whole number in JSON has. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, bound]) =>
          !((key === "minimum" || key === "maximum") && Math.abs(Number(bound)) === Number.MAX_SAFE_INTEGER)
      )
      .map(([key, inner]) => [key, plain(inner)])
  )
}
