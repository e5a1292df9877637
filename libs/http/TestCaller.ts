// A process that makes calls without end, as many as the shared budget lets it. For the test of two such processes.
import { layer as postgres } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { layer as sharedBudgets } from "./BudgetsPostgres.ts"
import { limitedCall, limitedConnection } from "./TestLimited.ts"
import { VendorHttp } from "./VendorHttp.ts"
import { Wire } from "./Wire.ts"

const [account = "", name = "", limit = "0", windowMillis = "0"] = process.argv.slice(2)
const connection = limitedConnection(account, Number(limit), Number(windowMillis))
const callers = 8

const caller = Effect.forever(VendorHttp.use((http) => http.call(connection, limitedCall(`/${name}`))))
const all = Effect.all(
  Array.from({ length: callers }, () => caller),
  { concurrency: "unbounded", discard: true }
)
const budgets = sharedBudgets.pipe(Layer.provide(postgres))
await Effect.runPromise(Effect.provide(all, VendorHttp.layer.pipe(Layer.provide([Wire.layer, budgets]))))
