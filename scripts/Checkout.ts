// The checkout's own TypeScript files, for the tools that read them.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Source, source } from "./Source.ts"

export const root = fileURLToPath(new URL("..", import.meta.url))

const passed = new Set(["node_modules", ".git", ".bridge", "dist", "coverage", "patches"])

export const sources = (dir = ""): ReadonlyArray<Source> =>
  readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = dir === "" ? entry.name : `${dir}/${entry.name}`
    if (entry.isDirectory()) return passed.has(entry.name) ? [] : sources(path)
    return /(?<!\.d)\.ts$/.test(entry.name) ? [source(path, readFileSync(join(root, path), "utf8"))] : []
  })
