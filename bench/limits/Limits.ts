// `npm run bench -- limits`: how much of a vendor's limit is used, and how often it refuses, when form and figure of the limit
// are not what is documented. In real time over HTTP, a vendor's minute as long as one says; the vendor counts.
import { Budgets } from "@bridge/http/Budgets"
import { layer as sharedBudgets } from "@bridge/http/BudgetsPostgres"
import { type Counter, limitedCall, limitedConnection, startLimited } from "@bridge/http/TestLimited"
import { bucket, fixed, sliding, type Tell } from "@bridge/http/TestLimiter"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Wire } from "@bridge/http/Wire"
import { ownTestStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer } from "effect"

export interface LimitRow {
  readonly form: string
  readonly tell: Tell
  readonly processes: number
  /** Calls let through, of those the limit allows in that time. */
  readonly used: number
  readonly refused: number
  /** What it must reach. */
  readonly least: { readonly used: number; readonly refused: number }
}

/** Calls a second, on the mean, that a limit lets through. */
const perSecond = 50
const workers = 8

const forms = { fixed, sliding, bucket } as const
type Form = keyof typeof forms

const leastOf = (form: Form, tell: Tell): LimitRow["least"] => {
  if (tell === "nothing") return { used: 0.9, refused: 0.01 }
  return { used: form === "bucket" ? 0.98 : 0.95, refused: 0.001 }
}

const busy = (name: string, minute: number, until: number) => {
  const connection = limitedConnection(name, perSecond * minute, minute * 1000)
  const worker = Effect.gen(function* () {
    const http = yield* VendorHttp
    while (performance.now() < until) yield* http.call(connection, limitedCall("/rows"))
  })
  return Effect.all(
    Array.from({ length: workers }, () => worker),
    { concurrency: "unbounded", discard: true }
  )
}

/** Every form of limit at the same time, `seconds` long, a vendor's minute lasting `minute` seconds; the last ones are kept by two. */
export const limits = async (
  seconds: number,
  minute: number,
  say: (line: string) => void
): Promise<ReadonlyArray<LimitRow>> => {
  const rows = (Object.keys(forms) as ReadonlyArray<Form>).flatMap((form) =>
    (["remaining", "reset-ceil", "nothing"] as const).flatMap((tell) =>
      (tell === "reset-ceil" ? [1] : [1, 2]).map((processes) => {
        const counter: Counter = { limiter: forms[form](perSecond * minute, minute * 1000, tell), went: 0, refused: 0 }
        return { name: `${form}-${tell}-${processes}`, form, tell, processes, counter }
      })
    )
  )
  const vendor = await startLimited(new Map(rows.map(({ counter, name }) => [name, counter])))
  const stack = await ownTestStack()
  try {
    const env = ConfigProvider.layer(
      ConfigProvider.fromUnknown({
        DATABASE_URL: stack.databaseUrl,
        BRIDGE_HOST_MAP: JSON.stringify({ "*.vendor.test": vendor.origin })
      })
    )
    await Effect.runPromise(migrate.pipe(Effect.provide(env)))
    say(`${rows.length} limits for ${seconds} s, a vendor's minute lasting ${minute} s`)
    const until = performance.now() + seconds * 1000
    // Two pools and two owners of budgets are what two services are to the database.
    const shared = () => sharedBudgets.pipe(Layer.provide(Layer.fresh(postgres)))
    const run = (processes: number, budgets: Layer.Layer<Budgets, unknown>) => {
      const own = rows.filter((row) => row.processes === processes).map(({ name }) => busy(name, minute, until))
      const http = VendorHttp.layer.pipe(Layer.provide([Layer.fresh(Wire.layer), budgets]), Layer.provide(env))
      const all = Effect.all(own, { concurrency: "unbounded", discard: true })
      // A worker that waits for its turn at the end is not waited for.
      return Effect.runPromise(all.pipe(Effect.timeoutOption(seconds * 1000), Effect.provide(http)))
    }
    await Promise.all([run(1, Budgets.layerMemory), run(2, Layer.fresh(shared())), run(2, Layer.fresh(shared()))])
  } finally {
    await stack.stop()
    vendor.close()
  }
  const full = perSecond * seconds
  return rows.map(({ counter: { refused, went }, form, processes, tell }) => ({
    form,
    tell,
    processes,
    used: went / full,
    refused: refused / (went + refused),
    least: leastOf(form, tell)
  }))
}
