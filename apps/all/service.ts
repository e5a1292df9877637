// `npm run service -- NAME`: one service in a process of its own, against the servers named in the environment.
import { isService, runService, services } from "./Run.ts"

const name = process.argv[2] ?? ""
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
