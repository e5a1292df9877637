// Rows of words in columns, and numbers as people read them. Pure. For the commands.

/** Columns as wide as their widest cell; numbers to the right. */
export const table = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number | null>>
): string => {
  const cells = [head, ...rows.map((r) => r.map((c) => (c === null ? "-" : String(c))))]
  const widths = head.map((_, i) => Math.max(...cells.map((r) => (r[i] ?? "").length)))
  const right = head.map((_, i) => rows.length > 0 && rows.every((r) => typeof r[i] === "number" || r[i] === null))
  return cells
    .map((r) =>
      r
        .map((c, i) => (right[i] === true ? c.padStart(widths[i] ?? 0) : c.padEnd(widths[i] ?? 0)))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

/** `4 s`, `3 min 20 s`, `2 h 5 min` */
export const duration = (seconds: number): string => {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `[#######.....]`, as wide as it is told. */
export const bar = (share: number, width: number): string => {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width)
  return `[${"#".repeat(full)}${".".repeat(width - full)}]`
}
