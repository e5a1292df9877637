// Background jobs: queued, working, completed, on the vendor's clock. Rows are written while a job is working,
// whether anybody asks or not; what is due is caught up at the next call to the account.
import { createHash } from "node:crypto"
import type { Clock } from "../Clock.ts"

export type Job = {
  readonly id: string
  readonly type: string
  readonly total: number
  readonly createdAt: number
  readonly startsAt: number
  readonly endsAt: number
  progress: number
  polls: number
  readonly results: Array<object>
}

export type JobState = "queued" | "working" | "completed"

export type Jobs = {
  /** Writes every row that is due by now. */
  readonly advance: () => void
  readonly start: (type: string, total: number, work: (index: number, job: Job) => object) => Job
  readonly find: (id: string) => Job | undefined
  /** The last 100, newest first. */
  readonly recent: () => ReadonlyArray<Job>
  readonly running: () => ReadonlyArray<Job>
  readonly limit: number
  readonly state: (job: Job) => JobState
}

type JobTimes = { readonly queuedMillis: number; readonly perRowMillis: number; readonly limit: number }
type Open = { readonly job: Job; readonly work: (index: number, job: Job) => object }

/** A day on the vendor's clock, but never so short that a fast clock forgets a job somebody is waiting for. */
const keptMillis = (clock: Clock): number => Math.max(600_000, clock.lasts(86_400_000))
const listed = 100

export const makeJobs = (clock: Clock, times: JobTimes): Jobs => {
  const known = new Map<string, Job>()
  let open: Array<Open> = []
  let serial = 0
  const advance = (): void => {
    if (open.length === 0) return
    const now = clock.now()
    for (const { job, work } of open) while (job.progress < due(job, now)) job.results.push(work(job.progress++, job))
    open = open.filter(({ job }) => now < job.endsAt)
  }
  const forget = (): void => {
    const now = clock.now()
    for (const [id, job] of known) {
      if (now - job.createdAt < keptMillis(clock)) break
      known.delete(id)
    }
  }
  return {
    advance,
    start: (type, total, work) => {
      forget()
      const now = clock.now()
      const startsAt = now + clock.lasts(times.queuedMillis)
      const endsAt = startsAt + clock.lasts(times.perRowMillis * total)
      const id = `V3-${createHash("md5").update(`${now}/${serial++}`).digest("hex")}`
      const job: Job = { id, type, total, createdAt: now, startsAt, endsAt, progress: 0, polls: 0, results: [] }
      known.set(id, job)
      open.push({ job, work })
      return job
    },
    find: (id) => {
      forget()
      return known.get(id)
    },
    recent: () => {
      forget()
      return [...known.values()].slice(-listed).reverse()
    },
    running: () => open.map(({ job }) => job),
    limit: times.limit,
    state: (job) => {
      const now = clock.now()
      if (now < job.startsAt) return "queued"
      // The first look never finds a job finished, as with the real queue.
      return now < job.endsAt || job.polls < 2 ? "working" : "completed"
    }
  }
}

const due = (job: Job, now: number): number => {
  if (now >= job.endsAt) return job.total
  if (now < job.startsAt) return 0
  return Math.floor((job.total * (now - job.startsAt)) / (job.endsAt - job.startsAt))
}

/** Rows failed or not, a job completes; results stay hidden while it is queued. */
export const jobRow = (host: string, job: Job, state: JobState): object => ({
  id: job.id,
  job_type: job.type,
  url: `https://${host}/api/v2/job_statuses/${job.id}.json`,
  total: job.total,
  progress: state === "completed" ? job.total : state === "queued" ? null : job.progress,
  status: state,
  message:
    state === "completed"
      ? `Completed at ${new Date(job.endsAt).toISOString().replace("T", " ").slice(0, 19)} +0000`
      : null,
  results: state === "completed" ? job.results : state === "queued" ? null : []
})
