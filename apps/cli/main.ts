// `bridge`: the command line. stdout is for answers, stderr for words. scripts/bridge.mjs starts it on the right Node.
import { cli } from "./Cli.ts"

const [first, ...rest] = process.argv.slice(2)

const run = async (): Promise<number> => {
  // Loaded only when asked for: it brings every vendor along.
  if (first === "connector") return (await import("./connector/Command.ts")).connectorCommand(rest)
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort())
  // A reader that goes away (`bridge jobs | head`) is no fault.
  process.stdout.on("error", () => process.exit(0))
  const { env, stderr, stdin, stdout } = process
  return cli(process.argv.slice(2), { env, stdin, stdout, stderr }, stop.signal)
}

process.exitCode = await run()
// An open stdin or keep-alive socket must not hold the command.
process.stdin.unref?.()
