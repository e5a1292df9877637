// Two processes that share a vendor account, in real time: the vendor counts. Promise 7.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { ConfigProvider, Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Counter, type LimitedVendor, startLimited } from "./TestLimited.ts"
import { bucket, fixed, type Limiter, sliding } from "./TestLimiter.ts"

const windowMillis = 6_000
const limit = 300
const file = new URL("./TestCaller.ts", import.meta.url).pathname
/** Ends a process when we are gone, however we end. */
const tether = new URL("../../scripts/Tether.mjs", import.meta.url).href

let stop = async (): Promise<void> => {}
let databaseUrl = ""
let vendor: LimitedVendor
const counters = new Map<string, Counter>()
const calls = new Map<string, number>()
const children = new Set<ChildProcess>()

beforeAll(async () => {
  const stack = await testStack()
  stop = stack.stop
  databaseUrl = await freshDatabase(stack.databaseUrl)
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: databaseUrl }))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
  vendor = await startLimited(counters, (path) => calls.set(path, (calls.get(path) ?? 0) + 1))
})

afterAll(async () => {
  await Promise.all([...children].map(kill))
  vendor.close()
  await stop()
})

const caller = (account: string, name: string): ChildProcess => {
  const child = spawn(
    process.execPath,
    ["--import", tether, file, account, name, String(limit), String(windowMillis)],
    {
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        BRIDGE_HOST_MAP: JSON.stringify({ "*.vendor.test": vendor.origin })
      },
      stdio: ["ignore", "ignore", "inherit", "pipe"]
    }
  )
  children.add(child)
  return child
}

const kill = async (child: ChildProcess): Promise<void> => {
  if (!children.delete(child)) return
  child.kill("SIGKILL")
  await once(child, "exit")
}

/** That both get their part of it is held here; how much of a limit is used, with more windows to learn in, by Pace.test.ts. */
const mostOfIt = 0.6

const passed = (windows: number): Promise<void> => new Promise((later) => setTimeout(later, windows * windowMillis))

/** What the vendor let through and refused meanwhile, of what it allows, and how often each process called. */
const during = async (account: string, windows: number) => {
  const counter = counters.get(account)
  if (counter === undefined) throw new Error(`${account} has no counter`)
  const callsOf = (name: string): number => calls.get(`/${name}`) ?? 0
  const names = [`${account}-one`, `${account}-other`] as const
  const before = { ...counter, of: names.map(callsOf) }
  await passed(windows)
  const [one = 0, other = 0] = names.map((name, i) => callsOf(name) - (before.of[i] ?? 0))
  const went = counter.went - before.went
  const refused = counter.refused - before.refused
  return { used: went / (limit * windows), refused: refused / (went + refused), one, other }
}

const forms: ReadonlyArray<readonly [string, Limiter]> = [
  ["fixed", fixed(limit, windowMillis, "remaining")],
  ["sliding", sliding(limit, windowMillis, "remaining")],
  ["bucket", bucket(limit, windowMillis, "remaining")],
  ["silent", sliding(limit, windowMillis, "nothing")]
]

describe("two processes on one credential", () => {
  it("keep its limit together whatever its form, and when one is killed, the other takes all of it", async () => {
    for (const [account, limiter] of forms) counters.set(account, { limiter, went: 0, refused: 0 })
    const ones = forms.map(([account]) => caller(account, `${account}-one`))
    for (const [account] of forms) caller(account, `${account}-other`)
    const all = (windows: number) => Promise.all(forms.map(([account]) => during(account, windows)))
    // Learning, in windows much shorter than a minute, is not what is held here.
    await passed(7)
    for (const [i, { one, other, refused, used }] of (await all(3)).entries()) {
      const form = forms[i]?.[0]
      expect(used, `${form} used by both`).toBeGreaterThan(mostOfIt)
      expect(refused, `${form} refused to both`).toBeLessThanOrEqual(0.02)
      expect(Math.min(one, other), `${form} calls of the lesser`).toBeGreaterThan((one + other) * 0.2)
    }
    await Promise.all(ones.map(kill))
    await passed(2)
    for (const [i, { one, refused, used }] of (await all(3)).entries()) {
      const form = forms[i]?.[0]
      expect(one, `${form} calls of the dead`).toBe(0)
      expect(used, `${form} used by the other alone`).toBeGreaterThan(mostOfIt)
      expect(refused, `${form} refused to the other`).toBeLessThanOrEqual(0.02)
    }
  })
})
