// The schema registry as Bridge uses it: register, find by id, find an id (Confluent API). For Schemas.ts and Avro.ts.
// What does not belong here: which topic has which schema (the caller says), Avro itself.
import { Config, Context, Effect, Layer, Schedule, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"

/** The registry did not answer, or answered 5xx. Nobody acts; the stage tries again. */
export class RegistryUnavailable extends Schema.TaggedError<RegistryUnavailable>()("RegistryUnavailable", {
  cause: Schema.Defect()
}) {}
/** The schema breaks FULL_TRANSITIVE or is no Avro. We act; the deploy stops. */
export class SchemaRefused extends Schema.TaggedError<SchemaRefused>()("SchemaRefused", {
  subject: Schema.String,
  words: Schema.String
}) {}
/** Nothing is registered under this subject or id. The operator acts: run the deploy step; for an id, wait for it. */
export class SchemaMissing extends Schema.TaggedError<SchemaMissing>()("SchemaMissing", { what: Schema.String }) {}

export class RegistryError extends Schema.TaggedError<RegistryError>()("RegistryError", {
  operation: Schema.String,
  reason: Schema.Union([RegistryUnavailable, SchemaRefused, SchemaMissing])
}) {
  /** True when the same call may succeed later without anyone acting. */
  get transient(): boolean {
    return this.reason._tag === "RegistryUnavailable"
  }
}

export class Registry extends Context.Service<
  Registry,
  {
    /** Sets FULL_TRANSITIVE, then registers. The same text again gives the same id. For the deploy step alone. */
    readonly register: (subject: string, schema: string) => Effect.Effect<number, RegistryError>
    /** The id under which exactly this schema is registered. */
    readonly idOf: (subject: string, schema: string) => Effect.Effect<number, RegistryError>
    readonly byId: (id: number) => Effect.Effect<string, RegistryError>
    readonly ping: Effect.Effect<void, RegistryError>
  }
>()("bridge/kafka/Registry") {
  static readonly layerWith = (url: string): Layer.Layer<Registry> =>
    Layer.effect(Registry, make(url)).pipe(Layer.provide(FetchHttpClient.layer))
  /** Reads SCHEMA_REGISTRY_URL. */
  static readonly layer: Layer.Layer<Registry, Config.ConfigError> = Layer.unwrap(
    Effect.map(Config.NonEmptyString("SCHEMA_REGISTRY_URL"), (url) => Registry.layerWith(url))
  )
}

const Id = Schema.Struct({ id: Schema.Int })
const Text = Schema.Struct({ schema: Schema.String })

function make(url: string) {
  return Effect.map(HttpClient.HttpClient, (http) => {
    const call = caller(http, url.replace(/\/+$/, ""))
    const text = (schema: string) => ({ schema, schemaType: "AVRO" })
    return Registry.of({
      register: Effect.fn("Registry.register")(function* (subject: string, schema: string) {
        const at = encodeURIComponent(subject)
        // First: unset means NONE, and the first version would go in unchecked.
        const guard = call("register", "PUT", `/config/${at}`, subject, { compatibility: "FULL_TRANSITIVE" })
        // Two deploys at once: the one that comes second is refused the new rule, and sets it as an existing one.
        yield* guard.pipe(Effect.catchIf(meanwhile, () => guard))
        const body = yield* call("register", "POST", `/subjects/${at}/versions`, subject, text(schema))
        return (yield* decoded("register", Id, body)).id
      }),
      idOf: Effect.fn("Registry.idOf")(function* (subject: string, schema: string) {
        const body = yield* call("idOf", "POST", `/subjects/${encodeURIComponent(subject)}`, subject, text(schema))
        return (yield* decoded("idOf", Id, body)).id
      }),
      byId: Effect.fn("Registry.byId")(function* (id: number) {
        const body = yield* call("byId", "GET", `/schemas/ids/${id}`, `id ${id}`)
        return (yield* decoded("byId", Text, body)).schema
      }),
      ping: Effect.asVoid(call("ping", "GET", "/subjects", "subjects"))
    })
  })
}

/** Apicurio creates a rule that is missing; somebody else was quicker. */
const meanwhile = ({ reason }: RegistryError): boolean =>
  reason._tag === "SchemaRefused" && reason.words.includes("already exists")

const unavailable = (operation: string) => (cause: unknown) =>
  new RegistryError({ operation, reason: new RegistryUnavailable({ cause }) })

const decoded = <A>(operation: string, schema: Schema.Codec<A, unknown>, body: unknown) =>
  Schema.decodeUnknownEffect(schema)(body).pipe(Effect.mapError(unavailable(operation)))

/** About 3 s in all: a restart of the registry is waited out here, an outage by the stage. */
const patience = Schedule.exponential("100 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

const caller =
  (http: HttpClient.HttpClient, url: string) =>
  (operation: string, method: "GET" | "POST" | "PUT", path: string, what: string, body?: unknown) => {
    const bare = HttpClientRequest.make(method)(url + path).pipe(
      HttpClientRequest.setHeader("accept", "application/vnd.schemaregistry.v1+json, application/json")
    )
    const request = body === undefined ? bare : HttpClientRequest.bodyJsonUnsafe(bare, body)
    return http.execute(request).pipe(
      Effect.flatMap((response) => answer(operation, what, response)),
      Effect.timeout("5 seconds"),
      Effect.mapError((error) => (error instanceof RegistryError ? error : unavailable(operation)(error))),
      Effect.retry({ schedule: patience, while: (error) => error.transient })
    )
  }

const answer = (operation: string, what: string, response: HttpClientResponse.HttpClientResponse) =>
  Effect.flatMap(response.text, (text): Effect.Effect<unknown, RegistryError> => {
    const { status } = response
    if (status === 404) return Effect.fail(new RegistryError({ operation, reason: new SchemaMissing({ what }) }))
    if (status === 409 || status === 422 || status === 400) {
      const reason = new SchemaRefused({ subject: what, words: text.slice(0, 2000) })
      return Effect.fail(new RegistryError({ operation, reason }))
    }
    if (status >= 300) return Effect.fail(unavailable(operation)(new Error(`status ${status}: ${text.slice(0, 200)}`)))
    return Effect.try({ try: (): unknown => JSON.parse(text), catch: unavailable(operation) })
  })
