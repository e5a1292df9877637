// Progress as people see it: a bar per entity with rate and time left, redrawn in place; plain lines where nobody watches.
import type { JobProgress } from "@bridge/contract/Live"
import type { Io } from "./Io.ts"
import { bar, duration } from "./Table.ts"

type Entity = JobProgress["entities"][number]

const words: Readonly<Record<JobProgress["state"], string>> = {
  queued: "waiting for its turn",
  running: "beginning",
  extracting: "extracting",
  data_ready: "settling references",
  validation_pending: "waiting for your review",
  loading: "loading",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled"
}

const loads = (p: JobProgress): boolean => p.state === "loading" || p.state === "completed"

const extracts = (p: JobProgress): boolean => ["queued", "running", "extracting"].includes(p.state)

/** What is done, and of how many; null where the source does not say. */
const measure = (p: JobProgress, e: Entity): readonly [number, number | null] =>
  loads(p) ? [e.loaded + e.failed, e.approved] : [e.archived, e.expected ?? (extracts(p) ? null : e.archived)]

/** One line for the job and one for each entity. */
export const progressLines = (p: JobProgress, columns: number): ReadonlyArray<string> => {
  const width = Math.max(...p.entities.map((e) => e.entity.length), 1)
  const state = `${words[p.state]}${p.paused ? ", paused" : ""}${p.cancelRequested && p.state !== "cancelled" ? ", being cancelled" : ""}`
  return [
    `job ${p.jobId}: ${state}${whole(p)}`,
    ...p.entities.map((e) => {
      const [done, of] = measure(p, e)
      const share = of === null ? "" : bar(of === 0 ? 1 : done / of, Math.min(30, Math.max(10, columns - 60)))
      const counts = of === null ? String(done) : `${done}/${of}`
      const rate = e.rate > 0 ? `${e.rate.toFixed(0)}/s` : ""
      const left = e.secondsLeft === null || e.secondsLeft === 0 ? "" : `${duration(e.secondsLeft)} left`
      const failed = e.failed > 0 ? `${e.failed} failed` : ""
      return `  ${e.entity.padEnd(width)}  ${share} ${counts.padStart(11)} ${rate.padStart(7)}  ${[left, failed].filter((w) => w !== "").join(", ")}`.trimEnd()
    })
  ]
}

const whole = ({ eta, secondsLeft }: JobProgress): string =>
  secondsLeft === null || eta === null
    ? ""
    : `, ${duration(secondsLeft)} left (until ${eta.slice(0, 16).replace("T", " ")} UTC)`

/** No line wider than the screen, so that it can be drawn over. A terminal that knows no width says 0. */
export const fitted = (p: JobProgress, columns: number | undefined): ReadonlyArray<string> => {
  const width = columns || 80
  return progressLines(p, width).map((line) => line.slice(0, width - 1))
}

/** Draws over what it drew before. Without a screen: a line a state, and one every ten seconds. */
export const painter = (io: Io["Service"]) => {
  let drawn = 0
  let last = ""
  let saidAt = 0
  return (p: JobProgress): void => {
    if (io.screen) {
      const lines = fitted(p, io.columns)
      io.draw(`${drawn > 0 ? `\x1b[${drawn}A\x1b[J` : ""}${lines.join("\n")}\n`)
      drawn = lines.length
      return
    }
    const at = Date.parse(p.at)
    if (p.state === last && at - saidAt < 10_000) return
    last = p.state
    saidAt = at
    const counts = p.entities.map((e) => {
      const [done, of] = measure(p, e)
      return `${e.entity} ${of === null ? done : `${done}/${of}`}`
    })
    const left = p.secondsLeft === null ? "" : `; ${duration(p.secondsLeft)} left`
    io.print(`${p.at} ${words[p.state]}${p.paused ? " (paused)" : ""}: ${counts.join(", ")}${left}`)
  }
}
