// The estimate before a migration begins: its source counted with a few calls, and nothing written. For Routes.
import { streamOf } from "@bridge/connectors/Engine"
import { admitting, conditionsOf } from "@bridge/connectors/Filters"
import { type Survey, survey } from "@bridge/connectors/Survey"
import type { Estimate, NewMigration } from "@bridge/contract/Jobs"
import { problem } from "@bridge/contract/Problem"
import { defaultMapping } from "@bridge/domain/DefaultMapping"
import type { EntityId } from "@bridge/domain/Entities"
import { type JobOptions, ledToByTicket, readAsReferred, sampledEntity } from "@bridge/domain/Jobs"
import { knownLimits } from "@bridge/http/KnownLimits"
import { VendorError } from "@bridge/http/VendorError"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import { DateTime, Effect } from "effect"
import { vendorProblem } from "../connections/Check.ts"
import { orUnavailable } from "../http/Rows.ts"
import { type Opened, startingMapping } from "../mappings/Default.ts"
import type { StreamFacts } from "./Ahead.ts"
import { unread } from "./Basis.ts"
import { shown, unknownLeg, writesOf, writtenBy } from "./Estimate.ts"
import { bringing, expecting } from "./Expected.ts"
import { extractionLeft, type Leg, loadingLeft } from "./Forecast.ts"
import { fitting, sidesOf } from "./NewMigration.ts"

/** Rows of a stream that are read whole to see what comes with them. */
const wholeRows = 5
/** Streams that are counted at one time. */
const atOnce = 4
/** What the calls have taught of the limits is shared by then. */
const lessonMillis = 300

export const surveyedEstimate = (tenantId: string, asked: typeof NewMigration.Type) =>
  Effect.gen(function* () {
    const { destination, options, plan, source } = yield* sidesOf(tenantId, asked)
    const wanted = new Set(
      source.c.connector.streams.filter((s) => s.entity !== null && plan.entities.includes(s.entity)).map((s) => s.name)
    )
    const now = DateTime.formatIso(yield* DateTime.now)
    const streams = yield* Effect.forEach(
      plan.streams,
      ({ entity, stream }) =>
        Effect.map(
          counted(tenantId, source, stream, entity, options, wanted, now),
          (found): StreamFacts & { readonly entity: EntityId } => ({
            ...notBegun,
            stream,
            entity,
            survey: found,
            most: mostOf(entity, options)
          })
        ),
      { concurrency: atOnce }
    ).pipe(
      Effect.timeoutOrElse({
        duration: "60 seconds",
        orElse: () =>
          Effect.fail(
            problem("vendor-unavailable", `${source.c.connector.title} could not be counted within a minute.`)
          )
      }),
      Effect.mapError((error) => (error instanceof VendorError ? vendorProblem(source.c, error) : error))
    )
    yield* Effect.sleep(lessonMillis)
    const expected = expecting(source.c.connector.vendor, streams, [])
    const counts = plan.entities.map((entity) => ({ entity, records: expected(entity), done: 0 }))
    const extraction = extractionLeft(streams, yield* limitsOf(tenantId, source))
    const written = writtenBy(yield* mappingOf(tenantId, asked, source, destination), options)
    const brings = bringing(source.c.connector.vendor, streams)
    const writes = writesOf(
      destination.c.connector.vendor,
      counts.map((count) => ({ ...count, records: written(count.entity, brings(count.entity) ? count.records : 0) }))
    )
    const beside = plan.entities.filter((entity) => !brings(entity) && written(entity, 1) !== 0)
    const loading = writes === null ? unknownLeg : loadingLeft(writes, 0, yield* limitsOf(tenantId, destination))
    const seconds =
      extraction.secondsLeft === null || loading.secondsLeft === null
        ? null
        : extraction.secondsLeft + loading.secondsLeft
    return {
      jobId: null,
      entities: counts.map(({ entity, records }) => ({ entity, expected: records, extracted: 0, loaded: 0 })),
      ...shown({
        streams,
        extraction,
        loading,
        secondsLeft: seconds,
        eta: null,
        basis: basisOf(streams, options, extraction, loading, beside)
      })
    } satisfies typeof Estimate.Type
  })

/** As the migration would begin with; of the destination's fields only where some that it lacks are to be made. */
const mappingOf = (tenantId: string, asked: typeof NewMigration.Type, source: Opened, destination: Opened) =>
  Effect.gen(function* () {
    if (asked.mapping !== undefined) return (yield* fitting(tenantId, asked.mapping, source, destination)).body
    return asked.options?.createMissingFields === true
      ? (yield* startingMapping(tenantId, source, destination, true)).mapping
      : defaultMapping(source.c.connector.vendor, destination.c.connector.vendor)
  })

const notBegun = { ended: false, taken: 0, leftOut: 0, calls: 0, millis: 0 }

const basisOf = (
  streams: ReadonlyArray<StreamFacts & { readonly entity: EntityId }>,
  { sampleSize }: JobOptions,
  extraction: Leg,
  loading: Leg,
  beside: ReadonlyArray<EntityId>
): string => {
  const counted = `counted with ${streams.reduce((n, s) => n + (s.survey?.calls ?? 0), 0)} calls`
  const sample = sampleSize !== undefined
  const why =
    unread({ extraction, sample, streams }) ?? (loading.secondsLeft === null ? "how long writing takes" : null)
  if (why !== null) return `not known ${why}; ${counted}`
  const most = sample ? "; of people, groups and the like at most what its tickets lead to" : ""
  const without = beside.length === 0 ? "" : `; without ${beside.join(", ")}, which come with others`
  return `reading and writing under the vendors' limits; ${counted}${most}${without}`
}

/** What a sample takes of a stream at most: no ticket leads to more than one problem or change, and few to more than one asset. */
const mostOf = (entity: EntityId, { sampleSize }: JobOptions): number =>
  sampleSize !== undefined && (entity === sampledEntity || readAsReferred[entity] !== undefined)
    ? sampleSize * (ledToByTicket[entity] ?? 1)
    : Number.POSITIVE_INFINITY

const counted = (
  tenantId: string,
  { c, row }: Opened,
  name: string,
  entity: EntityId,
  { filters = {}, sampleSize, since, until }: JobOptions,
  wanted: ReadonlySet<string>,
  now: string
): Effect.Effect<Survey, VendorError, VendorHttp> => {
  const stream = streamOf(c.connector, name)
  const { conditions } = conditionsOf(stream.filters ?? [], filters[entity] ?? {})
  const range = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }
  const newestFirst = sampleSize !== undefined && entity === sampledEntity
  return survey({ tenantId, connectionId: row.id, connector: c.connector, config: c.config, share: row.share }, name, {
    options: { now, ...range, filters: conditions, newestFirst },
    wanted,
    admits: admitting(stream.filters ?? [], conditions, stream.cursorField === null ? {} : range),
    whole: wholeRows
  })
}

const limitsOf = (tenantId: string, { c, row }: Opened) =>
  orUnavailable(knownLimits(tenantId, row.id, c.connector.budgets(c.config), row.share))
