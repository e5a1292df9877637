// What the demo prints: headings, live progress, the review summary, the proof. Plain lines where there is no terminal.

import { fitted } from "@bridge/cli/Progress"
import { duration } from "@bridge/cli/Table"
import type { JobProgress } from "@bridge/contract/Live"
import type { Summary } from "@bridge/contract/Review"
import type { Install } from "../harness/Install.ts"
import type { Login } from "../harness/Rest.ts"
import type { EntityProof, Proof } from "../oracle/Proof.ts"

export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #live: boolean
  #drawn = 0
  #state = ""
  #waiting = ""
  #printed = ""
  #printedAt = 0
  #closed = false

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#live = out.isTTY === true
  }

  say(line: string): void {
    this.settle()
    this.#write(`  ${line}\n`)
  }

  heading(line: string): void {
    this.settle()
    this.#write(`\n${line}\n`)
  }

  /** Says this and nothing after it: what still runs is being stopped, and what it would say is no news. */
  close(line: string): void {
    this.heading(line)
    this.#closed = true
  }

  #write(text: string): void {
    if (!this.#closed) this.#out.write(text)
  }

  /** On a terminal what `bridge watch` shows, redrawn in place; elsewhere a line when the state changes and one every five seconds. */
  progress(p: JobProgress): void {
    if (this.#live) {
      const lines = fitted(p, this.#out.columns)
      this.#write(`${this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[J` : ""}${lines.join("\n")}\n`)
      this.#drawn = lines.length
      return
    }
    this.#waiting = oneLine(p)
    const state = p.state + String(p.auditComplete)
    if (state === this.#state && Date.now() - this.#printedAt < 5_000) return
    this.#state = state
    this.#flush()
  }

  /** Leaves the last state of the progress where it is. */
  settle(): void {
    this.#flush()
    this.#drawn = 0
    this.#state = ""
  }

  #flush(): void {
    if (this.#waiting !== "" && this.#waiting !== this.#printed) this.#write(`  ${this.#waiting}\n`)
    this.#printed = this.#waiting
    this.#waiting = ""
    this.#printedAt = Date.now()
  }

  /** The first column to the left, the others to the right: numbers, unless told otherwise. */
  table(rows: ReadonlyArray<ReadonlyArray<string>>, numbers = true): void {
    this.settle()
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => (r[i] ?? "").length)))
    for (const row of rows) {
      this.#write(
        `  ${row
          .map((cell, i) => (i === 0 || !numbers ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
          .join("  ")
          .trimEnd()}\n`
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
    for (const e of s.entities)
      if (e.leftOut > 0) this.say(`${e.entity}: ${e.leftOut} not asked for by the job's options`)
    for (const e of s.entities) for (const x of e.exclusions) this.say(`${e.entity}: ${x.count} left out, ${x.reason}`)
    for (const e of s.entities) for (const w of e.warnings) this.say(`${e.entity}: ${w.count} with warning ${w.code}`)
    for (const w of s.streamWarnings) this.say(`${w.entity}: not read, ${w.message}`)
    for (const w of s.fieldWarnings) this.say(`${w.entity}: ${w.message}`)
    this.say(`A CSV per entity, to read before approving: ${folder}`)
  }

  kept(origin: string, login: Login, bridge: Install): void {
    const { freshservice, zendesk } = bridge.sandbox.credentials
    this.heading("Everything stays up until Ctrl-C")
    this.table(
      [
        ["API", origin, `docs: ${origin}/api/docs`],
        ["login", login.email, `password: ${login.password}`],
        ["operator", bridge.operatorToken, "creates tenants: POST /api/tenants"],
        ["sandbox", bridge.sandbox.adminUrl, "docs/sandbox.md"],
        ["Kafka", bridge.stack.kafkaBrokers],
        ["registry", bridge.stack.registryUrl],
        ["PostgreSQL", bridge.stack.databaseUrl],
        ["files", bridge.dir]
      ],
      false
    )
    this.say("The two connections are there already; their configuration, for making more:")
    this.say(`freshservice  ${JSON.stringify({ domain: freshservice.domain, api_key: freshservice.api_key })}`)
    const { api_token, email, subdomain } = zendesk
    this.say(`zendesk       ${JSON.stringify({ subdomain, email, api_token })}`)
  }
}

const loads = (p: JobProgress): boolean => p.state === "loading" || p.state === "completed"

const counted = (p: JobProgress, e: JobProgress["entities"][number]): string => {
  const [done, of] = loads(p) ? [e.loaded + e.failed, e.approved] : [e.archived, e.expected]
  const left = e.secondsLeft === null || e.secondsLeft === 0 ? "" : `, ${e.secondsLeft} s left`
  const rate = e.rate >= 0.5 && (of === null || done < of) ? ` (${e.rate.toFixed(0)}/s${left})` : ""
  return `${e.entity} ${done}${of === null ? "" : `/${of}`}${rate}`
}

/** Without what has not begun, or has nothing to load. */
const oneLine = (p: JobProgress): string => {
  const begun = p.entities.filter((e) => (loads(p) ? e.approved > 0 : e.extracted + e.archived > 0))
  const left = p.secondsLeft === null ? "" : `; ${duration(p.secondsLeft)} left in all`
  return begun.length === 0 ? p.state : `${p.state}: ${begun.map((e) => counted(p, e)).join(", ")}${left}`
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
  for (const [name, hash] of Object.entries(proof.json.hashes))
    screen.say(`${name.padEnd(9)} ${hash}  ${covers[name] ?? ""}`.trimEnd())
  if (proof.failedOnPurpose.length > 0)
    screen.say(`Tickets that the destination refuses on purpose, with ${refusedWith(proof)}:`)
  for (const failure of proof.failedOnPurpose) screen.say(`  ${failure}`)
  for (const problem of proof.problems.slice(0, 20)) screen.say(`DOES NOT HOLD: ${problem}`)
  if (proof.problems.length > 20) screen.say(`... and ${proof.problems.length - 20} more`)
  screen.heading(
    proof.json.ok
      ? `The proof holds: nothing lost, nothing doubled, nothing changed. ${seconds} s.`
      : `The proof does NOT hold. ${seconds} s.`
  )
}

const refusedWith = ({ json }: Proof): string =>
  `${json.entities.comment?.failed ?? 0} comments and ${json.entities.attachment?.failed ?? 0} files`

/** What each hash is over: source ids with the hashes of their content. */
const covers: Readonly<Record<string, string>> = {
  topic: "all that was read",
  archive: "all that was kept: must equal the topic",
  approved: "what you approved",
  loaded: "what was written: approved without merged, matched and failed"
}
