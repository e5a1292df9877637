// How code looks in every room, and the files at the edge that may do otherwise. For scripts/check.ts.
// Not here: what Biome and tsc can say by themselves.
import type { Breach } from "./Layers.ts"
import { isTest, lineOf, type Source } from "./Source.ts"

type Habit = "async" | "try" | "clock" | "timer" | "env" | "console"

/** What only an edge does, and what a room does in its place. */
const habits: ReadonlyArray<{ readonly habit: Habit; readonly form: RegExp; readonly instead: string }> = [
  { habit: "async", form: /\basync\b(?!\s*:)|(?<!\.)\bawait\b/g, instead: "async: return an Effect" },
  { habit: "try", form: /\btry\s*\{/g, instead: "try: use Effect.try, Result or Option" },
  {
    habit: "clock",
    form: /\bnew Date\(\s*\)|\bDate\.now\b|\bperformance\.now\b/g,
    instead: "the machine's clock: use DateTime.now or Clock"
  },
  {
    habit: "timer",
    form: /\b(?:setTimeout|setInterval|setImmediate)\b/g,
    instead: "a timer: use Effect.sleep or a Schedule"
  },
  { habit: "env", form: /\bprocess\.env\b/g, instead: "process.env: use Config" },
  { habit: "console", form: /\bconsole\s*\./g, instead: "console: use Effect.log" }
]

const everything: ReadonlyArray<Habit> = ["async", "try", "clock", "timer", "env", "console"]

interface Edge {
  readonly path: RegExp
  readonly may: ReadonlyArray<Habit>
  readonly why: string
}

const edge = (path: RegExp, may: ReadonlyArray<Habit>, why: string): Edge => ({ path, may, why })

/** The edges, each with its reason; tests may do everything. The list is to shrink. */
export const edges: ReadonlyArray<Edge> = [
  edge(/^(scripts|infra|bench|test)\//, everything, "tools and tests run outside of any service"),
  edge(/^vitest\.config\.ts$/, everything, "a tool's own file"),
  edge(/^apps\/sandbox\//, everything, "the vendors' stand-in is plain Node and shares nothing with us"),
  edge(/^apps\/all\//, ["async", "try", "env", "console"], "it starts processes, before and around any service"),
  edge(
    /^apps\/cli\//,
    ["async", "try", "env", "console", "clock"],
    "it runs at a person's terminal, outside of any service"
  ),
  edge(/^libs\/(http|vault)\//, ["try"], "parsers and ciphers throw, and an Effect for each row would cost too much"),
  edge(/^libs\/connectors\/\w+\/Answers\.ts$/, ["try"], "a vendor's text may not be JSON, on every page"),
  edge(
    /^apps\/refiner\/(Refiner|process\/Process)\.ts$/,
    ["try"],
    "a row that defeats us is a dead letter, not a dead service"
  ),
  edge(/^libs\/flow\/Held\.ts$/, ["try"], "a record that defeats us is a dead letter, not a dead service"),
  edge(/^libs\/http\/(Wire|Receive)\.ts$/, ["async", "clock", "timer"], "times and drains sockets below Effect"),
  edge(/^libs\/store\/Blob(s|File)\.ts$/, ["async", "try"], "writes files by Node's promises"),
  edge(/^apps\/api\/access\/AccessTokens\.ts$/, ["async"], "the token library speaks promises"),
  edge(/^libs\/kafka\//, ["async", "try", "clock", "timer"], "the adapter speaks KafkaJS, which speaks promises")
]

const mostLines = 400

/** Every line of a file that breaks a habit of the house. */
export const untidy = (file: Source): ReadonlyArray<Breach> => {
  const breach = (line: number, rule: string): Breach => ({ path: file.path, line, rule })
  const may = isTest(file.path)
    ? everything
    : edges.filter(({ path }) => path.test(file.path)).flatMap((edge) => edge.may)
  const lines = file.text.split("\n").length - 1
  return [
    ...(lines > mostLines
      ? [breach(mostLines, `has ${lines} lines: split it, ${mostLines} are too many to read in one sitting`)]
      : []),
    ...(/\.test\.ts$/.test(file.path) || /^(#!.*\n)?\/\/ /.test(file.text)
      ? []
      : [breach(1, "has no header: say in two lines what it is and for whom")]),
    ...habits
      .filter(({ habit }) => !may.includes(habit))
      .flatMap(({ form, instead }) =>
        [...file.code.matchAll(form)].map((match) =>
          breach(lineOf(file.code, match.index), `does by itself what the edges do: ${instead}`)
        )
      )
  ]
}
