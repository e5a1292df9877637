// `npm run docs`: writes the drawn parts of docs/ and README.md anew.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { redraw } from "./Drawing.ts"

const root = new URL("../", import.meta.url)
for (const file of [
  "README.md",
  ...readdirSync(new URL("docs/", root))
    .filter((f) => f.endsWith(".md"))
    .map((f) => `docs/${f}`)
]) {
  const before = readFileSync(new URL(file, root), "utf8")
  const after = redraw(before)
  if (after !== before) writeFileSync(new URL(file, root), after)
}
