// When to ask what became of a vendor's job: each question is a call of the tenant's budget, and each wait holds a batch. The
// first question comes when jobs of this connection usually end. Kept by the process; pure but for its memory.

/** Before any job has been seen, and never sooner. */
const soonestMillis = 100
/** A job that takes longer than others is asked for at least so often. */
const longestMillis = 15_000
/** How much longer each wait behind the usual end makes the whole. */
const growth = 0.35
/** How much of the last job's time goes into the next guess. */
const weight = 0.3
/** A job that had ended at the first question may have ended long before: the next is asked for sooner. */
const sooner = 0.8

export class JobPace {
  readonly #usual = new Map<string, number>()

  /** How long to wait before the next question, `waited` milliseconds after the job began. */
  wait(connection: string, waited: number): number {
    const left = (this.#usual.get(connection) ?? soonestMillis) - waited
    return Math.min(longestMillis, Math.max(soonestMillis, left > 0 ? left : waited * growth))
  }

  /** Noticed so long after the job began, by the first question or a later one. */
  ended(connection: string, waited: number, questions: number): void {
    const usual = this.#usual.get(connection) ?? waited
    const next = questions === 1 ? usual * sooner : usual * (1 - weight) + waited * weight
    this.#usual.set(connection, Math.max(soonestMillis, next))
  }
}

/** Of this process. */
export const jobPace = new JobPace()
