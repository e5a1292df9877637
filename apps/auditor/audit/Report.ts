// The audit report: one value, as JSON for machines and as a page for people that needs nothing but itself. Pure.
// Everything that came from outside is escaped. For Audit.ts.
import { type EntityId, entity as entityOf } from "@bridge/domain/Entities"
import type { JobOptions } from "@bridge/domain/Jobs"
import type { Result } from "./Results.ts"

export interface Report {
  readonly format: 1
  readonly job: {
    readonly id: string
    readonly name: string
    readonly source: string
    readonly destination: string
    readonly state: string
    readonly startedAt: string | null
    readonly endedAt: string | null
  }
  readonly approval: {
    readonly by: string
    readonly at: string
    readonly revision: number
    readonly mapping: { readonly id: string; readonly version: number; readonly hash: string } | null
    readonly hashes: Readonly<Partial<Record<EntityId, string>>>
  } | null
  /** Null where the whole source was asked for. `leftOut`: rows of the source's lists that the options do not ask for. */
  readonly asked: {
    readonly options: Pick<JobOptions, "since" | "until" | "filters" | "sampleSize">
    readonly leftOut: Readonly<Partial<Record<EntityId, number>>>
  } | null
  readonly auditedAt: string
  /** True when the books are equal and the destination holds everything once and unchanged. */
  readonly holds: boolean
  readonly entities: ReadonlyArray<Result>
  readonly failures: ReadonlyArray<{
    readonly code: string
    readonly count: number
    readonly message: string
    readonly hint: string
  }>
  /** Records that are there in another form than the approved one, as the mapping allows. */
  readonly adapted: ReadonlyArray<{
    readonly entity: EntityId
    readonly code: string
    readonly count: number
    readonly message: string
  }>
  readonly readBack: {
    /** False where nothing could be compared any more; `note` says why. */
    readonly done: boolean
    readonly comments: { readonly tickets: number; readonly read: number }
    readonly note: string
  }
  readonly chain: { readonly entries: number; readonly head: string }
}

/** Promise 2: every sum, and nothing missing, doubled or changed. */
export const holds = (results: ReadonlyArray<Result>): boolean =>
  results.every(
    ({ changed, counts, doubled, hashes, missing }) =>
      counts.topic === counts.archived + counts.dead &&
      counts.archived === counts.approved + counts.excluded &&
      counts.approved === counts.loaded + counts.matched + counts.failed &&
      hashes.topic === hashes.archive &&
      hashes.differing === 0 &&
      missing + doubled + changed === 0
  )

/** In the order of loading. */
export const ordered = (results: ReadonlyArray<Result>): ReadonlyArray<Result> =>
  results.toSorted(
    (a, b) =>
      entityOf(a.entity).loadPhase - entityOf(b.entity).loadPhase ||
      Number(entityOf(a.entity).writtenWith.length > 0) - Number(entityOf(b.entity).writtenWith.length > 0)
  )

export const escaped = (text: string): string =>
  text.replaceAll(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`).toWellFormed()

const cell = (value: string | number, right = false): string =>
  `<td${right ? ' class="n"' : ""}>${escaped(String(value))}</td>`

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  `<div class="scroll"><table><thead><tr>${head.map((h) => `<th>${escaped(h)}</th>`).join("")}</tr></thead><tbody>${rows
    .map((r) => `<tr>${r.join("")}</tr>`)
    .join("")}</tbody></table></div>`

const style = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{border-bottom:1px solid #8884;padding:.3rem .6rem;text-align:left;vertical-align:top}
td.n{text-align:right}.scroll{overflow-x:auto}code{font-size:.85em;overflow-wrap:anywhere}.good{color:#187a34}.bad{color:#b3261e}dt{font-weight:600}dd{margin:0 0 .4rem}`

/** A whole HTML page; no scripts, no links, nothing loaded. */
export const page = (report: Report): string => {
  const { approval, chain, job, readBack } = report
  const verdict = report.holds
    ? '<p class="good"><strong>The books are equal.</strong> Everything approved is at the destination, once and unchanged, or is listed as failed.</p>'
    : readBack.done
      ? '<p class="bad"><strong>There are differences.</strong> They are listed below, record by record.</p>'
      : '<p class="bad"><strong>The destination was not compared.</strong> Why is said below.</p>'
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Audit report ${escaped(job.id)}</title><style>${style}</style></head><body>
<h1>Audit report</h1>${verdict}
<dl><dt>Migration</dt><dd>${escaped(job.name === "" ? job.id : `${job.name} (${job.id})`)}</dd>
<dt>From, to</dt><dd>${escaped(job.source)} to ${escaped(job.destination)}</dd>
<dt>Began, ended</dt><dd>${escaped(job.startedAt ?? "not known")}, ${escaped(job.endedAt ?? "still open when this was written")}</dd>
<dt>Approved</dt><dd>${approval === null ? "not known" : `by ${escaped(approval.by)} at ${escaped(approval.at)}, mapping version ${escaped(String(approval.mapping?.version ?? "none"))}`}</dd>
${askedPart(report)}<dt>Audited</dt><dd>${escaped(report.auditedAt)}</dd></dl>
<h2>Numbers</h2><p>Topic = archived + dead. Archived = approved + excluded. Approved = loaded + matched + failed.</p>
${table(
  [
    "Entity",
    "Topic",
    "Archived",
    "Dead",
    "Excluded",
    "Approved",
    "Loaded",
    "Matched",
    "Failed",
    "Missing",
    "Doubled",
    "Changed"
  ],
  report.entities.map((e) => [
    cell(entityOf(e.entity).plural),
    ...[
      e.counts.topic,
      e.counts.archived,
      e.counts.dead,
      e.counts.excluded,
      e.counts.approved,
      e.counts.loaded,
      e.counts.matched,
      e.counts.failed,
      e.missing,
      e.doubled,
      e.changed
    ].map((n) => cell(n, true))
  ])
)}
<h2>Hashes</h2><p>SHA-256 over the sorted source ids with their content hashes, at each stage. Topic and archive are equal. Loaded covers what was created, updated or already as approved (skipped): it equals approved where nothing was merged, matched or failed.</p>
${table(
  ["Entity", "Topic", "Archive", "Approved", "Loaded"],
  report.entities.map((e) => [
    cell(entityOf(e.entity).plural),
    ...[e.hashes.topic, e.hashes.archive, e.hashes.approved, e.hashes.loaded].map(
      (h) => `<td><code>${escaped(h)}</code></td>`
    )
  ])
)}
<h2>Read back</h2><p>${escaped(readBack.note)}</p>
${failuresPart(report)}${adaptedPart(report)}${differencesPart(report)}
<h2>Audit log</h2><p>The tenant's chained log has ${escaped(String(chain.entries))} entries; its head is <code>${escaped(chain.head)}</code>.</p>
</body></html>`
}

const askedPart = ({ asked }: Report): string => {
  if (asked === null) return ""
  const left = Object.entries(asked.leftOut).map(([id, n]) => `${n} of ${entityOf(id as EntityId).plural}`)
  return `<dt>Not the whole source</dt><dd>Asked for was <code>${escaped(JSON.stringify(asked.options))}</code>; looked at and left out: ${escaped(left.join(", ") || "none")}.</dd>
`
}

const failuresPart = ({ failures }: Report): string =>
  failures.length === 0
    ? ""
    : `<h2>Failed records, by reason</h2><p>Each of them by its id: <code>bridge results</code>, or
loading-results of the API.</p>${table(
        ["Reason", "Records", "The destination's words (an example)", "What to do"],
        failures.map((f) => [cell(f.code), cell(f.count, true), cell(f.message), cell(f.hint)])
      )}`

const adaptedPart = ({ adapted }: Report): string =>
  adapted.length === 0
    ? ""
    : `<h2>Not as approved</h2><p>The destination could not take these as approved; the mapping says what was written in their place.
The read-back compares with that.</p>${table(
        ["Entity", "What", "Records", "An example"],
        adapted.map((a) => [cell(entityOf(a.entity).plural), cell(a.code), cell(a.count, true), cell(a.message)])
      )}`

const differencesPart = ({ entities }: Report): string => {
  const rows = entities.flatMap((e) =>
    e.differences.map((d) => [cell(entityOf(e.entity).id), cell(d.id), cell(d.code), cell(d.message)])
  )
  return rows.length === 0 ? "" : `<h2>Differences</h2>${table(["Entity", "Source id", "What", "Detail"], rows)}`
}
