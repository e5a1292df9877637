import { readdirSync, readFileSync } from "node:fs"
import { problemCodes } from "@bridge/contract/Problem"
import { describe, expect, it } from "vitest"
import { reasons } from "../scripts/ErrorTables.ts"

const docs = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8")
const firstCells = (name: string): ReadonlyArray<string> =>
  (new RegExp(`<!-- drawn: ${name} -->([\\s\\S]*?)<!-- end -->`).exec(docs)?.[1] ?? "")
    .split("\n")
    .flatMap((line) => /^\| `([\w-]+)` \|/.exec(line)?.[1] ?? [])

describe("docs/errors.md", () => {
  it("has a row for every problem code, and no other", () =>
    expect(firstCells("problems").toSorted()).toEqual(Object.keys(problemCodes).toSorted()))

  it("has a row for every reason, and no other (npm run docs)", () =>
    expect(firstCells("reasons").toSorted()).toEqual(
      reasons()
        .filter((r) => r.words !== undefined)
        .map((r) => r.name)
        .toSorted()
    ))
})

describe("an error of the code", () => {
  it("says above its class what it means, unless it only carries reasons", () => {
    const silent = reasons().filter((r) => r.words === undefined)
    for (const { name, path } of silent) {
      const source = readFileSync(new URL(`../${path}`, import.meta.url), "utf8")
      const body = source.slice(source.indexOf(`class ${name} `), source.indexOf(`class ${name} `) + 600)
      expect(body, `${name} in ${path}`).toMatch(/reason: /)
    }
  })
})

describe("a problem code", () => {
  it("is a word with dashes, with a sentence for a person and one for what to do", () => {
    for (const [code, [status, title, hint]] of Object.entries(problemCodes)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)+$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(title).toMatch(/^[A-Z].*[^.]$/)
      expect(hint).toMatch(/^[A-Z].*\.$/)
    }
  })

  it("is used by the api", () => {
    const sources = readdirSync(new URL("../apps/api/", import.meta.url), { recursive: true })
      .map(String)
      .filter((f) => f.endsWith(".ts") && !f.endsWith(".test.ts"))
      .map((f) => readFileSync(new URL(`../apps/api/${f}`, import.meta.url), "utf8"))
      .join("")
    for (const code of Object.keys(problemCodes)) expect(sources, code).toContain(`"${code}"`)
  })
})
