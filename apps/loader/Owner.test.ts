import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { isGone, self } from "./Owner.ts"

const [place = "", , life = ""] = self.split("/")

describe("whether the owner of an intent is gone", () => {
  it("is false for this process and for one that runs", () => {
    expect(isGone(self)).toBe(false)
    expect(isGone(`${place}/${process.ppid}/${life}`)).toBe(false)
  })

  it.runIf(process.platform === "linux")("is true for a process that was killed", async () => {
    const child = spawn("sleep", ["60"])
    const owner = `${place}/${child.pid}/other`
    expect(isGone(owner)).toBe(false)
    child.kill("SIGKILL")
    await once(child, "exit")
    expect(isGone(owner)).toBe(true)
  })

  it.runIf(process.platform === "linux")("is true for an earlier process that had our number", () =>
    expect(isGone(`${place}/${process.pid}/earlier`)).toBe(true)
  )

  it("is false wherever it cannot be known: another boot, another machine, no owner, no number", () => {
    for (const owner of [
      undefined,
      "",
      "x",
      `other/${process.pid}/earlier`,
      `${place}/abc/y`,
      `${place}/-1/y`,
      `${place}/999999`
    ])
      expect(isGone(owner), String(owner)).toBe(false)
  })
})
