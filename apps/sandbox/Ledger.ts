// What really happened: every accepted write in order, and every call. Append-only, in memory.
// The oracle of the system test reads it; nothing in the vendors' behaviour depends on it.

export type Write = {
  readonly seq: number
  /** Real time, ISO with milliseconds. */
  readonly at: string
  readonly vendor: string
  readonly account: string
  /** `ticket.import`, `user.create`, `organization.update` ... */
  readonly kind: string
  /** Text for what Zendesk numbers by letters. */
  readonly id: number | string
  readonly external_id: string | null
  readonly job_id: string | null
  readonly request_id: string
  readonly body: Readonly<Record<string, unknown>>
}

export type LoggedCall = {
  readonly seq: number
  readonly at: string
  readonly vendor: string
  readonly account: string | null
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly fault: string | null
  readonly request_id: string
}

export type CallCount = {
  readonly vendor: string
  readonly account: string | null
  readonly operation: string
  readonly status: number
  count: number
}

export type Ledger = {
  readonly write: (entry: Omit<Write, "seq" | "at">) => void
  readonly call: (entry: Omit<LoggedCall, "seq" | "at">) => void
  readonly writes: () => ReadonlyArray<Write>
  readonly calls: () => ReadonlyArray<LoggedCall>
  readonly counts: () => ReadonlyArray<CallCount>
  readonly reset: () => void
}

/** `logCalls` keeps every call; the counts are kept always. Status 0 means the socket was destroyed without an answer. */
export const makeLedger = (now: () => number, logCalls: boolean): Ledger => {
  let writes: Array<Write> = []
  let calls: Array<LoggedCall> = []
  let callSeq = 0
  const counts = new Map<string, CallCount>()
  const at = (): string => new Date(now()).toISOString()
  return {
    write: (entry) => void writes.push({ seq: writes.length + 1, at: at(), ...entry }),
    call: (entry) => {
      callSeq++
      const key = `${entry.vendor}|${entry.account}|${entry.operation}|${entry.status}`
      const count = counts.get(key)
      if (count !== undefined) count.count++
      else {
        const { vendor, account, operation, status } = entry
        counts.set(key, { vendor, account, operation, status, count: 1 })
      }
      if (logCalls) calls.push({ seq: callSeq, at: at(), ...entry })
    },
    writes: () => writes,
    calls: () => calls,
    counts: () => [...counts.values()],
    reset: () => {
      writes = []
      calls = []
      callSeq = 0
      counts.clear()
    }
  }
}
