// The options of a new migration: what contradicts itself, or what the source cannot be asked, is refused before anything is
// written. Pure. What does not belong here: their shapes (contract), how they are kept to (apps/extractor).
import type { AnyConnector } from "@bridge/connectors/Connector"
import { conditionsOf } from "@bridge/connectors/Filters"
import type { NewMigration } from "@bridge/contract/Jobs"
import { type Problem, problem } from "@bridge/contract/Problem"
import { entityNamed } from "@bridge/domain/Entities"
import { isDay } from "@bridge/domain/Instant"
import { type JobFilters, type JobOptions, sampledEntity } from "@bridge/domain/Jobs"
import { Result } from "effect"
import type { Plan } from "./Plan.ts"

type Asked = NonNullable<(typeof NewMigration.Type)["options"]>
type Fault = { readonly path: ReadonlyArray<string>; readonly message: string }

export const optionsOf = (
  source: AnyConnector,
  plan: Plan,
  { filters, since, until, ...asked }: Asked
): Result.Result<JobOptions, Problem<422>> => {
  const faults: Array<Fault> = []
  const range = rangeOf(since, until, faults)
  const kept = filters === undefined ? undefined : filtersOf(source, plan, filters, faults)
  if (asked.sampleSize !== undefined && !plan.entities.includes(sampledEntity))
    faults.push({ path: ["sampleSize"], message: `is a number of ${sampledEntity}s, which are not among the entities` })
  if (faults.length > 0) return Result.fail(refused(faults))
  return Result.succeed({ ...asked, ...range, ...(kept !== undefined && { filters: kept }) })
}

const refused = (faults: ReadonlyArray<Fault>): Problem<422> =>
  problem("options-invalid", faults.map(({ message, path }) => `options.${path.join(".")} ${message}.`).join(" "), {
    errors: faults.map(({ message, path }) => ({ path: ["options", ...path], message }))
  })

const rangeOf = (since: string | undefined, until: string | undefined, faults: Array<Fault>) => {
  const dates = Object.entries({ since, until }).flatMap(([name, text]) =>
    text === undefined ? [] : [{ name, text, date: new Date(text) }]
  )
  for (const { date, name, text } of dates)
    if (Number.isNaN(date.getTime()) || !isDay(text))
      faults.push({ path: [name], message: "is not a date that exists" })
  if (faults.length > 0) return {}
  const [first, last] = dates
  if (first !== undefined && last !== undefined && first.date >= last.date)
    faults.push({ path: ["until"], message: "must be after since" })
  return Object.fromEntries(dates.map(({ date, name }) => [name, date.toISOString()]))
}

/** By canonical entity; one that the job does not read would leave out nothing, which nobody means. */
const filtersOf = (
  source: AnyConnector,
  plan: Plan,
  asked: NonNullable<Asked["filters"]>,
  faults: Array<Fault>
): JobFilters => {
  const kept: Record<string, JobFilters[keyof JobFilters]> = {}
  for (const [name, conditions] of Object.entries(asked)) {
    const id = entityNamed(name)?.id
    const streams = plan.streams.filter((s) => s.entity === id).map((s) => s.stream)
    if (id === undefined) faults.push({ path: ["filters", name], message: "is no entity" })
    else if (streams.length === 0)
      faults.push({ path: ["filters", name], message: "is not read as such by this migration" })
    else if (kept[id] !== undefined) faults.push({ path: ["filters", name], message: `stands for ${id} a second time` })
    else {
      const possible = source.streams.filter((s) => streams.includes(s.name)).flatMap((s) => s.filters ?? [])
      for (const fault of conditionsOf(possible, conditions).refused)
        faults.push({ path: ["filters", name, fault.name], message: fault.message })
      kept[id] = conditions
    }
  }
  return kept
}
