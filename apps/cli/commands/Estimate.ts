// estimate: what a migration would read and write, and how long that takes, before it begins or while it runs.
import type { Estimate } from "@bridge/contract/Jobs"
import { Effect } from "effect"
import { Bridge } from "../Bridge.ts"
import { exitCodes, wrongUse } from "../CliError.ts"
import type { Command } from "../Command.ts"
import { Io } from "../Io.ts"
import { duration, table } from "../Table.ts"
import { jobNamed, migrationHelp, migrationOf, migrationOptions } from "./Jobs.ts"

type Estimated = typeof Estimate.Type

const legOf = (what: string, { calls, limitedBy, secondsLeft }: Estimated["extraction"]): string => {
  const time = secondsLeft === null ? "time not known" : duration(secondsLeft)
  const limit = limitedBy === null ? "" : `, by the vendor's limit "${limitedBy}"`
  return `${what}: ${calls === null ? "calls not known" : `${calls} calls`}, ${time}${limit}`
}

const lines = (e: Estimated): ReadonlyArray<string> => [
  table(
    ["stream", "entity", "rows", "read", "calls", "made"],
    e.streams.map((s) => [s.stream, s.entity, s.rows, s.read, s.calls, s.called])
  ),
  "",
  table(
    ["entity", "records", "extracted", "loaded"],
    e.entities.map((r) => [r.entity, r.expected, r.extracted, r.loaded])
  ),
  "",
  legOf("reading", e.extraction),
  legOf("writing", e.loading),
  e.secondsLeft === null ? `left: not known (${e.basis})` : `left: ${duration(e.secondsLeft)} (${e.basis})`
]

export const estimate: Command = {
  name: "estimate",
  args: "[JOB | --from C --to C]",
  summary: "How much there is and how long it takes: of a migration before it begins, or of one that runs.",
  help: migrationHelp,
  options: migrationOptions,
  words: [0, 1],
  run: (given) =>
    Effect.gen(function* () {
      const [bridge, io] = [yield* Bridge, yield* Io]
      const [named] = given.positionals
      if (named !== undefined && given.text("from") !== undefined)
        return yield* wrongUse("Name a job, or connections: not both.")
      const found: Estimated =
        named === undefined
          ? yield* Effect.flatMap(migrationOf(given), (payload) => bridge.call((c) => c.migrations.survey({ payload })))
          : yield* Effect.flatMap(jobNamed(named), ({ id }) =>
              bridge.call((c) => c.migrations.estimate({ params: { id } }))
            )
      if (given.flag("json")) io.print(JSON.stringify(found))
      else for (const line of lines(found)) io.print(line)
      return exitCodes.done
    })
}
