// The parts of the docs that are drawn from data: topics, stages, the picture of the flow. `npm run docs` writes them, a
// test finds drift. What does not belong here: prose.
import { entities } from "@bridge/domain/Entities"
import { flow, topics } from "@bridge/flow/Flow"
import { problemTable, reasonTable } from "./ErrorTables.ts"

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const days = (config: Readonly<Record<string, string>>): string => `${Number(config["retention.ms"]) / 86_400_000} d`

export const topicTable = (): string => {
  const full = new Map(topics(false).map((t) => [t.name, t.partitions]))
  return table(
    ["topic", "schema", "partitions (embedded / else)", "kept"],
    topics(true).map((t) => [
      `\`${t.name}\``,
      t.schema === null ? "bytes as they were" : `\`avro/${t.schema}.avsc\``,
      `${t.partitions} / ${full.get(t.name)}`,
      days(t.config)
    ])
  )
}

export const stageTable = (): string =>
  table(
    ["stage", "app", "kind", "reads", "writes", "actor", "woken by"],
    flow.map((s) => [
      s.stage + (s.steps === undefined ? "" : ` (${s.steps.join(", ")})`),
      `\`apps/${s.app}\``,
      s.kind,
      s.reads.join(", "),
      s.writes.join(", ") || "-",
      s.actor,
      s.commands.join(", ") || "-"
    ])
  )

export const entityTable = (): string =>
  table(
    ["entity", "also called", "belongs to", "written with", "load phase"],
    entities.map((e) => [
      `\`${e.id}\``,
      [e.plural, ...e.aliases.filter((a) => a !== e.id)].join(", "),
      e.parents.join(", ") || "-",
      e.writtenWith.join(", ") || "-",
      String(e.loadPhase)
    ])
  )

export const picture = (): string =>
  [
    "```mermaid",
    "flowchart LR",
    ...flow.flatMap((s) => [
      `  ${s.stage}["${s.app}: ${s.stage}"]`,
      ...s.reads.map((t) => `  ${t.replace("-", "_")}([${t}]) --> ${s.stage}`),
      ...s.writes.map((t) => `  ${s.stage} --> ${t.replace("-", "_")}([${t}])`)
    ]),
    "```"
  ].join("\n")

/** What stands between `<!-- drawn: NAME -->` and `<!-- end -->` in docs/. */
export const drawings: Readonly<Record<string, () => string>> = {
  topics: topicTable,
  stages: stageTable,
  entities: entityTable,
  picture,
  problems: problemTable,
  reasons: reasonTable
}

/** The text with every drawing as it is now. */
export const redraw = (text: string): string =>
  text.replace(/<!-- drawn: (\w+) -->[\s\S]*?<!-- end -->/g, (whole, name: string) => {
    const draw = drawings[name]
    return draw === undefined ? whole : `<!-- drawn: ${name} -->\n${draw()}\n<!-- end -->`
  })
