// review, approve, results, audit: see what was extracted, say yes to exactly that, and prove it afterwards.
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { JobView } from "@bridge/contract/Jobs"
import type { Summary } from "@bridge/contract/Review"
import { Effect, Schedule, Stream } from "effect"
import { Bridge } from "../Bridge.ts"
import { exitCodes, refused, wrongUse } from "../CliError.ts"
import type { Command } from "../Command.ts"
import { Io } from "../Io.ts"
import { table } from "../Table.ts"
import { jobNamed, watching } from "./Jobs.ts"

const summaryTable = (s: Summary): string =>
  table(
    ["entity", "archived", "excluded", "approved", "dead", "warnings", "hash"],
    s.entities.map((e) => [
      e.entity,
      e.archived,
      e.excluded,
      e.approved,
      e.dead,
      e.withWarnings,
      e.hash?.slice(0, 16) ?? null
    ])
  )

const notes = (s: Summary): ReadonlyArray<string> => [
  ...s.entities.flatMap((e) => (e.leftOut > 0 ? [`${e.entity}: ${e.leftOut} not asked for by the job's options`] : [])),
  ...s.entities.flatMap((e) => e.exclusions.map((x) => `${e.entity}: ${x.count} left out, ${x.reason}`)),
  ...s.entities.flatMap((e) => e.warnings.map((w) => `${e.entity}: ${w.count} with the warning ${w.code}`)),
  ...s.deadLetters.map((d) => `dead: ${d.entity ?? "?"} ${d.sourceId ?? "?"}, ${d.message}`),
  ...s.streamWarnings.map((w) => `${w.entity}: not read, ${w.message}`),
  ...s.fieldWarnings.map((w) => `${w.entity}: ${w.message}`)
]

export const review: Command = {
  name: "review",
  args: "JOB",
  summary: "Shows what was extracted and would be loaded, and saves a CSV per entity.",
  help: "  --out DIR          where the CSVs go (default: ./review-JOB)",
  options: { out: { type: "string" } },
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const { id } = yield* jobNamed(given.positionals[0] ?? "")
      const summary = yield* bridge.call((c) => c.review.summary({ params: { id } }))
      const dir = given.text("out") ?? `review-${id}`
      const files: Record<string, string> = {}
      yield* Effect.try({
        try: () => mkdirSync(dir, { recursive: true }),
        catch: (cause) => wrongUse(`The folder ${dir} cannot be made: ${String(cause)}`)
      })
      for (const { entity } of summary.entities) {
        const file = join(dir, `${entity}.csv`)
        yield* bridge.call((c) =>
          Effect.flatMap(c.review.csv({ params: { id, entity_type: entity }, query: {} }), (bytes) =>
            saved(bytes, file)
          )
        )
        files[entity] = file
      }
      if (given.flag("json")) io.print(JSON.stringify({ ...summary, files }))
      else {
        io.print(summaryTable(summary))
        for (const note of notes(summary)) io.print(`  ${note}`)
        io.say(`CSVs are in ${dir}`)
        if (summary.approval !== null) io.say(`Approve with: bridge approve ${id}`)
      }
      return exitCodes.done
    })
}

/** Written as it comes: the file may be larger than the memory. */
const saved = <E>(bytes: Stream.Stream<Uint8Array, E>, file: string) =>
  Effect.promise(() => pipeline(Readable.fromWeb(Stream.toReadableStream(bytes)), createWriteStream(file)))

export const approve: Command = {
  name: "approve",
  args: "JOB",
  summary:
    "Approves exactly the hashes that the summary names now, after asking. Anything that changed since makes it void.",
  help: `  -y, --yes          do not ask
  --watch            stay and show the loading`,
  options: { yes: { type: "boolean", short: "y" }, watch: { type: "boolean" } },
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const { id } = yield* jobNamed(given.positionals[0] ?? "")
      const summary = yield* bridge.call((c) => c.review.summary({ params: { id } }))
      const payload = summary.approval
      if (payload === null)
        return yield* refused("job-not-reviewable", `Job ${id} is ${summary.state}: there is nothing to approve yet.`)
      if (!given.flag("json")) {
        io.say(summaryTable(summary))
        io.say(`mapping ${payload.mapping.id} version ${payload.mapping.version}, destination ${payload.destination}`)
      }
      if (!given.flag("yes")) {
        if (!io.interactive) return yield* wrongUse("Nobody can be asked here: say --yes.")
        const answer = yield* Effect.promise(() => io.ask(`Load this into ${payload.destination}? Type yes: `, false))
        if (answer.trim().toLowerCase() !== "yes") {
          io.say("Not approved.")
          return exitCodes.refused
        }
      }
      const job = yield* bridge.call((c) => c.review.approve({ params: { id }, headers: {}, payload }))
      if (given.flag("json")) io.print(JSON.stringify(job))
      else io.say(`Approved by ${job.approved?.by ?? "you"}.`)
      return given.flag("watch") ? yield* watching(job, given.flag("json")) : exitCodes.done
    })
}

export const results: Command = {
  name: "results",
  args: "JOB",
  summary: "Shows what was loaded, and every failure in the vendor's words.",
  help: "",
  options: {},
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const { id } = yield* jobNamed(given.positionals[0] ?? "")
      const r = yield* bridge.call((c) => c.review.results({ params: { id }, query: { limit: 500 } }))
      if (given.flag("json")) {
        io.print(JSON.stringify(r))
        return exitCodes.done
      }
      const words = [
        "approved",
        "created",
        "matched",
        "updated",
        "skipped",
        "merged",
        "failed",
        "unknown",
        "open"
      ] as const
      io.print(
        table(
          ["entity", ...words],
          r.entities.map((e) => [e.entity, ...words.map((w) => e[w])])
        )
      )
      for (const f of r.failures)
        io.print(`  ${f.entity} ${f.sourceId}: ${f.message}${f.hint === "" ? "" : ` (${f.hint})`}`)
      for (const w of r.warnings) io.print(`  ${w.entity}: ${w.count} not as approved, ${w.code}: ${w.message}`)
      if (r.next !== null) io.say("There are more failures: GET /api/jobs/{id}/loading-results gives all of them.")
      return exitCodes.done
    })
}

/** A completed job's destination is read back first, which takes as long as the vendor's lag. */
const audited = (job: JobView) =>
  Effect.gen(function* () {
    const [bridge, io] = [yield* Bridge, yield* Io]
    if (job.state !== "completed" || job.auditComplete) return job
    io.say("The destination is being read back; this waits for the report.")
    return yield* bridge
      .call((c) => c.jobs.get({ params: { id: job.id } }))
      .pipe(Effect.repeat({ until: (j) => j.auditComplete, schedule: Schedule.spaced("1 second") }))
  })

export const audit: Command = {
  name: "audit",
  args: "JOB",
  summary: "Saves the audit report and checks the chained log. Exit code 1 when the chain is broken.",
  help: `  --format F         json (default) or html
  --out FILE         where the report goes (default: ./audit-JOB.json)`,
  options: { format: { type: "string" }, out: { type: "string" } },
  words: [1, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const format = given.text("format") ?? "json"
      if (format !== "json" && format !== "html") return yield* wrongUse("--format is json or html.")
      const { id } = yield* audited(yield* jobNamed(given.positionals[0] ?? ""))
      const file = given.text("out") ?? `audit-${id}.${format}`
      const report = yield* bridge.call((c) => c.review.report({ params: { id }, query: { format } }))
      const text = typeof report === "string" ? report : JSON.stringify(report, undefined, 2)
      yield* Effect.try({
        try: () => writeFileSync(file, text),
        catch: (cause) => wrongUse(`${file} cannot be written: ${String(cause)}`)
      })
      const verified = yield* bridge.call((c) => c.review.verify({ params: { id } }))
      if (given.flag("json")) io.print(JSON.stringify({ ...verified, file }))
      else {
        io.say(`The report is in ${file}`)
        io.say(
          verified.ok
            ? `The audit log holds: ${verified.entries} entries, ${verified.jobEntries} of this job, head ${verified.head?.slice(0, 16) ?? "none"}`
            : `The audit log is BROKEN: ${verified.problem}`
        )
      }
      return verified.ok ? exitCodes.done : exitCodes.refused
    })
}
