// `npm run stack [-- DIR]`: keeps the embedded stack up until Ctrl-C, so that commands and tests join it. Prints what to connect to.
import { startStack } from "./Stack.ts"
import { StackError } from "./StackError.ts"

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const dir = process.argv[2]
if (dir?.startsWith("-") === true) {
  const help = dir === "--help" || dir === "-h"
  say(
    "npm run stack [-- DIR]: Kafka, the schema registry and PostgreSQL until Ctrl-C; data in DIR (default .bridge/stack)"
  )
  process.exit(help ? 0 : 2)
}

try {
  const stack = await startStack({ log: say, ...(dir && { dir }) })
  process.stdout.write(
    `KAFKA_BROKERS=${stack.kafkaBrokers}\nSCHEMA_REGISTRY_URL=${stack.registryUrl}\nDATABASE_URL=${stack.databaseUrl}\n`
  )
  if (stack.owned) {
    say("The stack is up. Ctrl-C stops it; its data stays.")
    const alive = setInterval(() => {}, 60_000)
    await new Promise<void>((asked) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => asked())
    })
    await stack.stop()
    clearInterval(alive)
  } else say("These servers were running already.")
} catch (error) {
  if (!(error instanceof StackError)) throw error
  say(error.message)
  process.exitCode = 1
}
