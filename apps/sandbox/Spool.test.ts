import { createHash } from "node:crypto"
import { readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterEach, beforeEach, expect, it } from "vitest"
import { makeSpool, type Spool } from "./Spool.ts"

let spool: Spool
beforeEach(() => {
  spool = makeSpool()
})
afterEach(() => spool.close())

const pieces = (letter: string, count: number): ReadonlyArray<Buffer> =>
  Array.from({ length: count }, (_, k) => Buffer.alloc(70_000 + k, `${letter}${k}`))

it("keeps files apart that come in at the same time, and reads any part of them", () => {
  const [a, b] = [pieces("a", 4), pieces("b", 4)]
  const [first, second] = [spool.begin(), spool.begin()]
  for (let k = 0; k < 4; k++) {
    first.add(a[k] as Buffer)
    second.add(b[k] as Buffer)
  }
  const [one, two] = [first.done(), second.done()]
  const [wholeA, wholeB] = [Buffer.concat(a), Buffer.concat(b)]
  expect(Buffer.concat([...one.bytes.read(0, one.bytes.size)]).equals(wholeA)).toBe(true)
  expect(Buffer.concat([...two.bytes.read(69_990, 210_001)]).equals(wholeB.subarray(69_990, 210_001))).toBe(true)
  expect(two.sha256).toBe(createHash("sha256").update(wholeB).digest("hex"))
})

it("takes a file of no bytes", () => {
  const { bytes, sha256 } = spool.begin().done()
  expect([bytes.size, [...bytes.read(0, 10)]]).toEqual([0, []])
  expect(sha256).toBe(createHash("sha256").digest("hex"))
})

it("has no name in the file system, so nothing is left behind", () => {
  spool.begin().add(Buffer.from("x"))
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("sandbox-"))).toEqual([])
})
