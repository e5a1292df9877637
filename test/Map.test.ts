import { existsSync, readdirSync, readFileSync } from "node:fs"
import { flow, topics } from "@bridge/flow/Flow"
import { describe, expect, it } from "vitest"
import { redraw } from "../scripts/Drawing.ts"

const root = new URL("../", import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), "utf8")

describe("the map", () => {
  it("names every service in apps/, and only those", () => {
    const tools = ["all", "cli", "sandbox", "console"]
    const apps = readdirSync(new URL("apps/", root)).filter((a) => !tools.includes(a))
    expect([...new Set(flow.map((s) => s.app))].toSorted()).toEqual(apps.toSorted())
  })

  it("has a stage of the same name in its app", () => {
    for (const s of flow.filter((stage) => stage.kind !== "view")) {
      const sources = readdirSync(new URL(`apps/${s.app}/`, root), { recursive: true })
        .map(String)
        .filter((f) => f.endsWith(".ts") && !f.endsWith(".test.ts"))
        .map((f) => text(`apps/${s.app}/${f}`))
      expect(
        sources.some((source) => new RegExp(`stage(:| =) "${s.stage}"`).test(source)),
        `${s.app} defines stage "${s.stage}"`
      ).toBe(true)
    }
  })

  it("has a schema file for every topic, and a topic for every schema file", () => {
    const used = new Set(topics(true).flatMap((t) => (t.schema === null ? [] : [`${t.schema}.avsc`])))
    expect(
      readdirSync(new URL("avro/", root))
        .filter((f) => f.endsWith(".avsc"))
        .toSorted()
    ).toEqual([...used].toSorted())
    for (const file of used) expect(existsSync(new URL(`avro/${file}`, root))).toBe(true)
  })

  it("reads only what some stage writes, and the api's commands", () => {
    const written = new Set<string>(flow.flatMap((s) => s.writes))
    for (const s of flow) for (const t of s.reads) expect(written.has(t), `${s.stage} reads ${t}`).toBe(true)
  })

  it("is drawn in the docs as it is (npm run docs)", () => {
    for (const f of readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md"))) {
      expect(redraw(text(`docs/${f}`)), f).toBe(text(`docs/${f}`))
    }
  })
})
