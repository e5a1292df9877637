// The tables of docs/errors.md: problem codes of the API from the contract, reasons from the comments above their classes.
// For Drawing.ts. What does not belong here: words; each error is explained where it is defined.
import { readdirSync, readFileSync } from "node:fs"
import { problemCodes } from "@bridge/contract/Problem"

const root = new URL("../", import.meta.url)

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

export const problemTable = (): string =>
  table(
    ["code", "status", "what is wrong", "what to do"],
    Object.entries(problemCodes).map(([code, [status, title, hint]]) => [`\`${code}\``, String(status), title, hint])
  )

export interface Reason {
  readonly name: string
  readonly path: string
  /** The comment above the class; undefined for an error that only carries reasons. */
  readonly words: string | undefined
}

const declared = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?export class (\w+) extends Schema\.TaggedError</g

const sources = (): ReadonlyArray<string> =>
  ["apps", "libs", "infra"].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true })
      .map((file) => `${folder}/${String(file)}`)
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("node_modules"))
  )

/** Every tagged error of the code. */
export const reasons = (): ReadonlyArray<Reason> =>
  sources()
    .toSorted()
    .flatMap((path) =>
      [...readFileSync(new URL(path, root), "utf8").matchAll(declared)].map((m) => ({
        name: m[2] ?? "",
        path,
        words: m[1]?.replace(/\s*\n\s*\*\s*/g, " ").trim()
      }))
    )

export const reasonTable = (): string =>
  table(
    ["reason", "where", "what it means, who acts"],
    reasons().flatMap((r) =>
      r.words === undefined ? [] : [[`\`${r.name}\``, `\`${r.path}\``, r.words.replaceAll("|", "\\|")]]
    )
  )
