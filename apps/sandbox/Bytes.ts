// Bytes that are too many to keep: a size, and a way to read any part of them piece by piece.

export type Bytes = {
  readonly size: number
  /** From `from` up to but without `to`, in pieces. */
  readonly read: (from: number, to: number) => Iterable<Buffer>
}

export const isBytes = (value: string | Buffer | Bytes): value is Bytes =>
  typeof value !== "string" && !Buffer.isBuffer(value)

/** The first part of them, as a cut or shortened answer has it. */
export const firstBytes = (bytes: Bytes, size: number): Bytes => ({
  size,
  read: (from, to) => bytes.read(from, Math.min(to, size))
})
