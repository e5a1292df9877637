import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const main = fileURLToPath(new URL("./main.ts", import.meta.url))

const run = (...args: ReadonlyArray<string>) =>
  spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] })

it("prints one line of addresses, answers there, and ends on SIGTERM with 0", async () => {
  const child = run("--tickets", "8", "--no-limits", "--anchor", "2026-11-01T00:00:00Z")
  const [first] = (await once(child.stdout, "data")) as [Buffer]
  const said = JSON.parse(first.toString("utf8"))
  expect(said).toMatchObject({
    type: "sandbox",
    hosts: { freshservice: "acme.freshservice.com", zendesk: "acme.zendesk.com" }
  })
  const health = await (await fetch(`${said.adminUrl}/health`)).json()
  expect(health).toMatchObject({
    ok: true,
    anchor: "2026-11-01T00:00:00.000Z",
    freshservice: [{ counts: { ticket: 8, comment: 24 } }]
  })
  child.kill("SIGTERM")
  expect((await once(child, "exit"))[0]).toBe(0)
})

it("says what is wrong with an option and ends with 2", async () => {
  const wrong = [
    ["--tickets", "many"],
    ["--plan", "gold"],
    ["--colour", "red"]
  ]
  await Promise.all(
    wrong.map(async (args) => {
      const child = run(...args)
      // A busy machine tells of the end before it hands over the words.
      const ended = once(child, "exit")
      const [words] = (await once(child.stderr, "data")) as [Buffer]
      expect(words.toString("utf8")).toContain(args[0])
      expect((await ended)[0]).toBe(2)
    })
  )
})
