// The patch goes onto what was reviewed and onto nothing else, as often as anybody likes.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { apply, type Patch, patches } from "./patch.mjs"

const installed = new URL("../node_modules/", import.meta.url).pathname
const kafkajs = patches[0] as Patch
const file = kafkajs.files[0]?.path ?? ""

let modules: string
const at = (path: string) => join(modules, "kafkajs", path)
beforeEach(() => {
  modules = mkdtempSync(join(tmpdir(), "bridge-patch-"))
  for (const { path } of kafkajs.files) cpSync(join(installed, "kafkajs", `${path}.orig.js`), at(path))
  cpSync(join(installed, "kafkajs/package.json"), at("package.json"))
})
afterEach(() => rmSync(modules, { recursive: true }))

describe("the patch of kafkajs", () => {
  it("replaces every file and keeps the original beside it", () => {
    const originals = kafkajs.files.map(({ path }) => readFileSync(at(path), "utf8"))
    apply(modules, kafkajs)
    for (const [i, { path }] of kafkajs.files.entries()) {
      expect(readFileSync(at(path), "utf8")).toBe(readFileSync(join("patches/kafkajs", path), "utf8"))
      expect(readFileSync(at(`${path}.orig.js`), "utf8")).toBe(originals[i])
    }
  })

  it("changes nothing the second time, and brings a patch of yesterday up to date", () => {
    apply(modules, kafkajs)
    apply(modules, kafkajs)
    writeFileSync(at(file), "// ours, but older")
    apply(modules, kafkajs)
    expect(readFileSync(at(file), "utf8")).toBe(readFileSync(join("patches/kafkajs", file), "utf8"))
  })

  it("refuses another version, a file that was not reviewed, and a package that is not there", () => {
    expect(() => apply(modules, { ...kafkajs, version: "2.2.5" })).toThrow("2.2.4 is installed")
    expect(() => apply(modules, { ...kafkajs, package: "kafka-none" })).toThrow("not installed")
    writeFileSync(at(file), `${readFileSync(at(file), "utf8")}\n// something else`)
    expect(() => apply(modules, kafkajs)).toThrow("not the file of 2.2.4")
    expect(existsSync(at(`${file}.orig.js`))).toBe(false)
  })
})

describe("the patches after npm's install", () => {
  const afterInstall = () => {
    for (const name of ["scripts/patch.mjs", "patches"])
      cpSync(new URL(`../${name}`, import.meta.url), join(modules, name), { recursive: true })
    return spawnSync(process.execPath, [join(modules, "scripts/patch.mjs")], { encoding: "utf8" })
  }

  it("keep nobody from the first `npx bridge` of a clone, where nothing is installed yet", () =>
    expect(afterInstall()).toMatchObject({ status: 0, stderr: "" }))

  it("are refused loudly where packages are installed without what they are for", () => {
    mkdirSync(join(modules, "node_modules"))
    const { status, stderr } = afterInstall()
    expect(status).toBe(1)
    expect(stderr).toContain("kafkajs is not installed. Bridge must not run without it")
  })
})
