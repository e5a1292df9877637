// What the demo prints: headings, live progress, the review summary, the proof. Plain lines where there is no terminal.
import type { JobProgress } from "@bridge/contract/Live"
import type { Summary } from "@bridge/contract/Review"
import type { Install } from "../harness/Install.ts"
import type { Login } from "../harness/Rest.ts"
import type { EntityProof, Proof } from "../oracle/Proof.ts"

const pad = (text: string, width: number): string =>
  text.length >= width ? text : text + " ".repeat(width - text.length)
const padStart = (text: string, width: number): string => text.padStart(width)

export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #live: boolean
  #drawn = 0
  #last = ""
  #printedAt = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#live = out.isTTY === true
  }

  say(line: string): void {
    this.settle()
    this.#out.write(`  ${line}\n`)
  }

  heading(line: string): void {
    this.settle()
    this.#out.write(`\n${line}\n`)
  }

  /** One line per entity, redrawn in place on a terminal; elsewhere at most every two seconds. */
  progress(p: JobProgress): void {
    const lines = p.entities.map((e) => {
      const done = p.state === "loading" || p.state === "completed" ? e.loaded + e.failed : e.archived
      const of =
        p.state === "loading" || p.state === "completed"
          ? e.approved
          : Math.max(e.extracted, e.archived, e.expected ?? 0)
      const left = e.secondsLeft === null ? "" : `${e.secondsLeft} s left`
      return `  ${pad(e.entity, 13)}${bar(done, of)} ${padStart(String(done), 7)} / ${pad(String(of), 7)} ${padStart(e.rate.toFixed(0), 6)}/s  ${left}`
    })
    const text = [`  ${p.state}`, ...lines].join("\n")
    if (this.#live) {
      if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\x1b[J`)
      this.#out.write(`${text}\n`)
      this.#drawn = lines.length + 1
    } else if (text !== this.#last && Date.now() - this.#printedAt > 2_000) {
      this.#out.write(`${text}\n`)
      this.#printedAt = Date.now()
    }
    this.#last = text
  }

  /** Leaves the last state of the progress where it is. */
  settle(): void {
    if (!this.#live && this.#last !== "") this.#out.write(`${this.#last}\n`)
    this.#drawn = 0
    this.#last = ""
    this.#printedAt = 0
  }

  table(rows: ReadonlyArray<ReadonlyArray<string>>): void {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => (r[i] ?? "").length)))
    for (const row of rows) {
      this.#out.write(
        `  ${row.map((cell, i) => (i === 0 ? pad(cell, widths[i] ?? 0) : padStart(cell, widths[i] ?? 0))).join("  ")}\n`
      )
    }
  }

  summary(s: Summary, folder: string): void {
    this.heading("Extracted, for review")
    this.table([
      ["entity", "archived", "excluded", "approved", "dead", "warnings", "hash"],
      ...s.entities.map((e) => [
        e.entity,
        ...[e.archived, e.excluded, e.approved, e.dead, e.withWarnings].map(String),
        (e.hash ?? "").slice(0, 16)
      ])
    ])
    for (const e of s.entities) for (const x of e.exclusions) this.say(`${e.entity}: ${x.count} left out, ${x.reason}`)
    for (const e of s.entities) for (const w of e.warnings) this.say(`${e.entity}: ${w.count} with warning ${w.code}`)
    this.say(`CSV files to read: ${folder}`)
  }

  kept(origin: string, login: Login, bridge: Install): void {
    this.heading("Everything is still up (Ctrl-C ends it)")
    this.say(`API         ${origin}/api    docs ${origin}/api/docs`)
    this.say(`login       ${login.email}    password "${login.password}"`)
    this.say(
      `sandbox     ${bridge.sandbox.adminUrl}    (Host: ${bridge.sandbox.credentials.freshservice.domain} or ${bridge.sandbox.credentials.zendesk.subdomain}.zendesk.com at ${bridge.sandbox.origin})`
    )
    this.say(`Kafka       ${bridge.stack.kafkaBrokers}`)
    this.say(`registry    ${bridge.stack.registryUrl}`)
    this.say(`PostgreSQL  ${bridge.stack.databaseUrl}`)
    this.say(`operator    ${bridge.operatorToken}    (creates tenants: POST /api/tenants)`)
    this.say(`logs, CSVs  ${bridge.dir}`)
  }
}

const bar = (done: number, of: number): string => {
  const full = of === 0 ? 0 : Math.min(24, Math.floor((done / of) * 24))
  return `[${"#".repeat(full)}${".".repeat(24 - full)}]`
}

const columns: ReadonlyArray<keyof EntityProof> = [
  "source",
  "topic",
  "archived",
  "dead",
  "excluded",
  "approved",
  "loaded",
  "matched",
  "failed",
  "missing",
  "doubled",
  "changed"
]

/** The proof: a table per entity, the hashes, and what does not hold. */
export const printProof = (screen: Screen, proof: Proof, seconds: number): void => {
  screen.heading("Proof")
  screen.table([
    ["entity", ...columns],
    ...Object.entries(proof.json.entities).map(([entity, counts]) => [entity, ...columns.map((c) => String(counts[c]))])
  ])
  for (const [name, hash] of Object.entries(proof.json.hashes)) screen.say(`${pad(name, 9)} ${hash}`)
  for (const failure of proof.failedOnPurpose) screen.say(`failed on purpose: ${failure}`)
  for (const problem of proof.problems.slice(0, 20)) screen.say(`DOES NOT HOLD: ${problem}`)
  if (proof.problems.length > 20) screen.say(`... and ${proof.problems.length - 20} more`)
  screen.say("")
  screen.say(
    proof.json.ok
      ? `The proof holds: nothing lost, nothing doubled, nothing changed. ${seconds} s.`
      : `The proof does NOT hold. ${seconds} s.`
  )
}
