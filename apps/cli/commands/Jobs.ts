// migrate, jobs, watch, pause, resume, cancel: begin a job, see it, hold it, end it.
import type { JobView } from "@bridge/contract/Jobs"
import type { JobProgress } from "@bridge/contract/Live"
import { isFinal, jobStates } from "@bridge/domain/Jobs"
import { Effect, Schedule, Stream } from "effect"
import { Bridge } from "../Bridge.ts"
import { type CliError, exitCodes, wrongUse } from "../CliError.ts"
import type { Command, Given } from "../Command.ts"
import { Io } from "../Io.ts"
import { painter } from "../Progress.ts"
import { table } from "../Table.ts"
import { connectionNamed } from "./Connect.ts"

/** By id, its beginning, or `last`. */
export const jobNamed = (text: string): Effect.Effect<JobView, CliError, Bridge> =>
  Effect.gen(function* () {
    const bridge = yield* Bridge
    if (/^[0-9a-f-]{36}$/i.test(text)) return yield* bridge.call((c) => c.jobs.get({ params: { id: text } }))
    const { jobs } = yield* bridge.call((c) => c.jobs.list({ query: { limit: 500 } }))
    const found = text === "last" ? jobs.slice(0, 1) : jobs.filter((j) => text.length >= 4 && j.id.startsWith(text))
    const [one, other] = found
    if (one === undefined) return yield* wrongUse(`There is no job ${text}; see bridge jobs.`)
    if (other !== undefined) return yield* wrongUse(`More than one job begins with ${text}.`)
    return one
  })

/** The options that say what is moved. */
export const migrationHelp = `  --from C           connection to read: id, name, account or vendor
  --to C             connection to write
  --entities A,B     what to move (default: all that both can; parents come along)
  --name N           a name for the job
  --since T          only rows changed since, e.g. 2026-01-31T00:00:00Z
  --until T          only rows changed until
  --filter F         only rows of this kind: "ticket.status=open,pending; ticket.priority=high"
  --sample N         only N tickets, the newest, with everything they refer to
  --batch-size N     records in a batch, at most 500 (the default)
  --mapping ID       a stored mapping (default: the pair's own, with the custom fields found)
  --create-fields    make the fields that the destination lacks
  --no-approval      load without asking anybody`

const optionHelp = `${migrationHelp}
  --key K            Idempotency-Key: a repeat with the same key begins nothing new
  --watch            stay and show the progress until the job waits for a review, or has ended`

export const migrationOptions = {
  from: { type: "string" },
  to: { type: "string" },
  entities: { type: "string" },
  name: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  filter: { type: "string" },
  sample: { type: "string" },
  "batch-size": { type: "string" },
  mapping: { type: "string" },
  "create-fields": { type: "boolean" },
  "no-approval": { type: "boolean" }
} as const

export const migrate: Command = {
  name: "migrate",
  args: "--from C --to C",
  summary: "Begins a migration. Nothing is written before somebody has reviewed and approved it.",
  help: optionHelp,
  options: { ...migrationOptions, key: { type: "string" }, watch: { type: "boolean" } },
  words: [0, 0],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const payload = yield* migrationOf(given)
      const key = given.text("key")
      const headers = key === undefined ? {} : { "idempotency-key": key }
      const job = yield* bridge.call((c) => c.migrations.create({ headers, payload }))
      if (given.flag("json")) io.print(JSON.stringify(job))
      else
        io.say(
          `Migration ${job.id} from ${job.source.account} to ${job.destination?.account ?? "nowhere"}: ${job.entities.join(", ")}`
        )
      if (given.flag("watch")) return yield* watching(job, given.flag("json"))
      if (!given.flag("json")) io.say(`Watch it with: bridge watch ${job.id}`)
      return exitCodes.done
    })
}

export const migrationOf = (given: Given) =>
  Effect.gen(function* () {
    const [from, to] = [given.text("from"), given.text("to")]
    if (from === undefined || to === undefined) return yield* wrongUse("Say --from CONNECTION and --to CONNECTION.")
    const source = yield* connectionNamed(from)
    const destination = yield* connectionNamed(to)
    const names = (given.text("entities") ?? "")
      .split(",")
      .map((n) => n.trim())
      .filter((n) => n !== "")
    const [first, ...others] = names
    const text = (name: "name" | "since" | "until") => {
      const value = given.text(name)
      return value === undefined ? {} : { [name]: value }
    }
    const mapping = given.text("mapping")
    const [sampleSize, batchSize, filters] = [
      yield* wholeNumber(given, "sample"),
      yield* wholeNumber(given, "batch-size"),
      yield* filtersOf(given.text("filter"))
    ]
    return {
      source: source.id,
      destination: destination.id,
      ...text("name"),
      ...(first === undefined ? {} : { entities: [first, ...others] as const }),
      ...(mapping === undefined ? {} : { mapping: { id: mapping } }),
      options: {
        ...text("since"),
        ...text("until"),
        ...(filters === undefined ? {} : { filters }),
        ...(sampleSize === undefined ? {} : { sampleSize }),
        ...(batchSize === undefined ? {} : { batchSize }),
        ...(given.flag("create-fields") ? { createMissingFields: true } : {}),
        ...(given.flag("no-approval") ? { requireApproval: false } : {})
      }
    }
  })

const wholeNumber = (given: Given, name: string): Effect.Effect<number | undefined, CliError> => {
  const text = given.text(name)
  if (text === undefined) return Effect.succeed(undefined)
  return /^\d{1,9}$/.test(text) ? Effect.succeed(Number(text)) : wrongUse(`--${name} is a whole number.`)
}

/** `ticket.status=open,pending; asset.asset_type_id=7` */
const filtersOf = (text: string | undefined) =>
  Effect.gen(function* () {
    if (text === undefined) return undefined
    const filters: Record<string, Record<string, ReadonlyArray<string>>> = {}
    for (const part of text.split(";").map((p) => p.trim())) {
      if (part === "") continue
      const [, entity = "", name = "", values = ""] = /^([^.=]+)\.([^=]+)=(.+)$/.exec(part) ?? []
      if (values === "") return yield* wrongUse(`--filter is like "ticket.status=open,pending"; this is not: ${part}`)
      const known = filters[entity.trim()] ?? {}
      filters[entity.trim()] = { ...known, [name.trim()]: values.split(",").map((v) => v.trim()) }
    }
    return filters
  })

export const listJobs: Command = {
  name: "jobs",
  args: "",
  summary: "Lists the jobs, newest first.",
  help: "  --state S          only those in this state",
  options: { state: { type: "string" } },
  words: [0, 0],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const state = jobStates.find((s) => s === given.text("state"))
      if (state === undefined && given.text("state") !== undefined)
        return yield* wrongUse(`--state is one of ${jobStates.join(", ")}.`)
      const page = yield* bridge.call((c) =>
        c.jobs.list({ query: { limit: 100, ...(state === undefined ? {} : { state }) } })
      )
      if (given.flag("json")) io.print(JSON.stringify(page.jobs))
      else
        io.print(
          table(
            ["id", "state", "from", "to", "created", "name"],
            page.jobs.map((j) => [
              j.id,
              `${j.state}${j.paused ? " (paused)" : ""}`,
              j.source.account,
              j.destination?.account ?? null,
              j.createdAt,
              j.name
            ])
          )
        )
      return exitCodes.done
    })
}

export const watch: Command = {
  name: "watch",
  args: "JOB",
  summary: "Shows the progress until the job waits for a review, or has ended. JOB is an id, its beginning, or last.",
  help: "",
  options: {},
  words: [1, 1],
  run: (given) => Effect.flatMap(jobNamed(given.positionals[0] ?? ""), (job) => watching(job, given.flag("json")))
}

/** True when only a person can make it go on, or nothing ever will. */
const rests = (p: JobProgress, approved: boolean): boolean =>
  isFinal(p.state) || (p.state === "validation_pending" && !approved)

/** 0 when the job waits for its review or is completed; 1 when it failed or was cancelled. */
export const watching = (job: JobView, json: boolean): Effect.Effect<number, CliError, Bridge | Io> =>
  Effect.gen(function* () {
    const [bridge, io] = [yield* Bridge, yield* Io]
    const paint = json ? (p: JobProgress) => io.print(JSON.stringify(p)) : painter(io)
    let last: JobProgress | undefined
    let seen = ""
    const once = bridge.call((c) =>
      Effect.gen(function* () {
        const headers = seen === "" ? {} : { "last-event-id": seen }
        const events = yield* c.live.progress({ params: { id: job.id }, headers })
        yield* events.pipe(
          Stream.tap((e) =>
            Effect.sync(() => {
              seen = e.id ?? seen
              last = e.data
              if (e.event !== "end") paint(e.data)
            })
          ),
          Stream.takeUntilEffect((e) => Effect.map(isApproved(c, e.data), (approved) => rests(e.data, approved))),
          Stream.runDrain
        )
      })
    )
    // A restart of Bridge is no reason to stop watching.
    const patiently = once.pipe(
      Effect.retry({
        while: (e) => e.reason._tag === "NoAnswer" && seen !== "",
        schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(60)])
      })
    )
    yield* patiently
    while (last !== undefined && !isFinal(last.state) && last.state !== "validation_pending") yield* patiently
    return ended(io, last, json)
  })

const isApproved = <E>(
  c: { readonly jobs: { readonly get: (r: { params: { id: string } }) => Effect.Effect<JobView, E> } },
  p: JobProgress
) =>
  p.state === "validation_pending"
    ? Effect.map(c.jobs.get({ params: { id: p.jobId } }), (j) => j.approved !== null)
    : Effect.succeed(false)

const ended = (io: Io["Service"], p: JobProgress | undefined, json: boolean): number => {
  if (p === undefined) return exitCodes.refused
  if (!json && p.state === "validation_pending")
    io.say(`Review it with: bridge review ${p.jobId}\nThen:           bridge approve ${p.jobId}`)
  if (!json && p.state === "completed") io.say(`See: bridge results ${p.jobId}, bridge audit ${p.jobId}`)
  if (p.error !== null && !json) io.say(`The job says: ${JSON.stringify(p.error)}`)
  return p.state === "failed" || p.state === "cancelled" ? exitCodes.refused : exitCodes.done
}

type Word = "pause" | "resume" | "cancel"
const decision = (word: Word, summary: string, done: string): Command => ({
  name: word,
  args: "JOB",
  summary,
  help: "",
  options: {},
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const { id } = yield* jobNamed(given.positionals[0] ?? "")
      const job = yield* bridge.call((c) => c.jobs[word]({ params: { id }, headers: {} }))
      if (given.flag("json")) io.print(JSON.stringify(job))
      else io.say(`Job ${job.id} ${done}.`)
      return exitCodes.done
    })
})

export const pause = decision("pause", "Holds a job after the batch at hand.", "is paused")
export const resume = decision("resume", "Lets a paused job go on.", "goes on")
export const cancel = decision("cancel", "Ends a job. What was written stays, and is told.", "is being cancelled")
