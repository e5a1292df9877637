import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

it("finds nothing to say about this checkout: format, lint, types, layers, house rules", () => {
  const check = fileURLToPath(new URL("check.ts", import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [check, "--no-tests"], { encoding: "utf8" })
  expect(status, stdout).toBe(0)
})
