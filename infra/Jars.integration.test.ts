import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { findJars } from "./Jars.ts"

const path = process.env.PATH ?? ""
const home = process.env.JAVA_HOME
const where = (name: string): string =>
  path
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((file) => existsSync(file)) ?? name
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bridge-jars-"))
  mkdirSync(join(dir, "bin"))
  delete process.env.JAVA_HOME
  process.env.PATH = join(dir, "bin")
})
afterEach(() => {
  process.env.PATH = path
  if (home !== undefined) process.env.JAVA_HOME = home
  rmSync(dir, { recursive: true })
})

const put = (name: string, script: string): void => {
  writeFileSync(join(dir, "bin", name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(dir, "bin", name), 0o755)
}
const withJava = (): void => symlinkSync(where("java"), join(dir, "bin/java"))
const find = () => findJars(() => {}, join(dir, "cache"))

it("says that Java is missing, and what to do", () =>
  expect(find()).rejects.toThrow(
    /^Java 17 or newer is needed .* no java is on the PATH: install one .* or set JAVA_HOME\.$/
  ))

it("says that Maven is missing while the jars are not there, and what to do", () => {
  withJava()
  return expect(find()).rejects.toThrow(
    /^Maven is needed once .* no mvn is on the PATH: install it .* and run the same command again\.$/
  )
})

it("says what Maven said when the jars cannot be fetched, and leaves nothing half fetched", async () => {
  withJava()
  put("mvn", "printf '\\033[0m[ERROR] Unknown host central\\n[ERROR] \\n'; exit 1")
  await expect(find()).rejects.toThrow(/^Maven could not fetch .* Maven said: Unknown host central$/)
  await expect(find()).rejects.toThrow(/^Maven could not fetch/)
})

it("asks the network for nothing that Maven has, and Maven for nothing that the cache has", async () => {
  withJava()
  put("mvn", `echo "$@" >> ${dir}/asked; case "$1" in -o) PATH=${path} exec ${where("mvn")} "$@";; esac; exit 1`)
  const both = await Promise.all([find(), find()])
  expect(both[0].kafka.split(delimiter).length).toBeGreaterThan(40)
  expect(existsSync(both[1].registry)).toBe(true)
  expect(readFileSync(join(dir, "asked"), "utf8").trim().split("\n")).toHaveLength(1)
  rmSync(join(dir, "bin/mvn"))
  expect((await find()).kafka).toBe(both[0].kafka)
})
