// `npm run service -- NAME`: one service in a process of its own, against the servers named in the environment.
import { setFlagsFromString } from "node:v8"
import { isService, runService, services } from "./Run.ts"

// V8 lets a heap grow to several times what lives in it before it collects; less is smaller and slower, and how much depends on
// what a service holds (docs/benchmarks.md, "Memory"). Those that hold whole conversations, with texts of 10 MB in several forms,
// have the least. All services in one process would pay for it with a quarter of their time, and are left as V8 has it.
const name = process.argv[2] ?? ""
const growth: Readonly<Record<string, number>> = { extractor: 200, refiner: 75, loader: 35, auditor: 25 }
setFlagsFromString(`--heap-growing-percent=${growth[name] ?? 50}`)

const missing = ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL", "DATABASE_URL"].filter(
  (key) => (process.env[key] ?? "") === ""
)

const names = Object.keys(services).join(", ")

if (name === "--help" || name === "-h") {
  process.stdout.write(`npm run service -- NAME: one service alone. NAME is one of: ${names}.\n`)
} else if (!isService(name)) {
  const wrong = name === "" ? "A service has to be named" : `There is no service "${name}"`
  process.stderr.write(`${wrong}. Choose one of: ${names}.\n`)
  process.exitCode = 2
} else if (missing.length > 0) {
  process.stderr.write(`Set ${missing.join(", ")}: a single service does not start servers (npm start does).\n`)
  process.exitCode = 2
} else {
  process.exitCode = await runService(name)
}
