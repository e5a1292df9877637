// Record headers: what routing needs without decoding a value. Written by sources, read by the runtime's addresses.

/** Batch address of a record: `<job>/<driving stream>/<entity>/<number>` with its position and the batch's size. */
export interface BatchAddress {
  readonly jobId: string
  readonly stream: string
  readonly entity: string
  readonly number: number
  readonly position: number
  readonly size: number
}

export const encodeRun = (a: BatchAddress): string =>
  `${a.jobId}/${a.stream}/${a.entity}/${a.number}/${a.position}/${a.size}`

/** Null for anything that is not the text of `encodeRun`. */
export const decodeRun = (text: string): BatchAddress | null => {
  const [jobId, stream, entity, number, position, size, more] = text.split("/")
  const n = Number(number)
  const p = Number(position)
  const s = Number(size)
  if (jobId === undefined || stream === undefined || entity === undefined || more !== undefined) return null
  if (!Number.isInteger(n) || !Number.isInteger(p) || !Number.isInteger(s) || size === undefined) return null
  return { jobId, stream, entity, number: n, position: p, size: s }
}

export const tenantHeader = "bridge_tenant"
export const runHeader = "bridge_run"
export const idHeader = "ce_id"

/** One header value as text, or undefined; a repeated header gives its first. */
export const headerText = (value: unknown): string | undefined => {
  const one = Array.isArray(value) ? value[0] : value
  if (typeof one === "string") return one
  return Buffer.isBuffer(one) ? one.toString("utf8") : undefined
}
