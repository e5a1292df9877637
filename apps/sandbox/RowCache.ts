// Serialised rows, kept as bytes up to a limit: a page that is read again costs a copy and nothing more.

export type RowCache = {
  /** The bytes of a row; `made` is asked when they are not kept. */
  readonly get: (id: number, made: () => string) => Buffer
  readonly clear: () => void
}

export const makeRowCache = (maximumBytes: number): RowCache => {
  let rows = new Map<number, Buffer>()
  let bytes = 0
  const clear = (): void => {
    rows = new Map()
    bytes = 0
  }
  return {
    get: (id, made) => {
      const known = rows.get(id)
      if (known !== undefined) return known
      const row = Buffer.from(made(), "utf8")
      if (bytes + row.length > maximumBytes) clear()
      rows.set(id, row)
      bytes += row.length
      return row
    },
    clear
  }
}

const comma = Buffer.from(",")

/** `head` row, row, row `tail`, copied once. */
export const joined = (head: string, rows: ReadonlyArray<Buffer>, tail: string): Buffer => {
  const parts: Array<Buffer> = [Buffer.from(head, "utf8")]
  for (const [index, row] of rows.entries()) {
    if (index > 0) parts.push(comma)
    parts.push(row)
  }
  parts.push(Buffer.from(tail, "utf8"))
  return Buffer.concat(parts)
}
