// Every command a person starts comes through here: install what is missing, then hand over to Node 24. Plain JS from Node 18 on.
// The command gets the arguments, the signals and the terminal as they are; its exit code becomes ours.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { constants } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { chooseNode, install, Refusal, tooOld } from "./Install.mjs"
import { environment, flagsFor } from "./Memory.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Runs `file` (a path under the checkout, or from where we are) with `args` and never returns. */
export const handOver = async (file, args) => {
  try {
    const old = tooOld(process.version)
    if (old !== undefined) throw new Refusal(old)
    await install(root)
    run(chooseNode(root), [existsSync(join(root, file)) ? join(root, file) : file, ...args])
  } catch (error) {
    refuse(sentence(error))
  }
}

const sentence = (error) => {
  if (error instanceof Refusal) return error.message
  if (error.code === "ENOSPC") return `The disk is full: free 1 GB for ${root} and run the same command again.`
  if (error.code === "EACCES" || error.code === "EROFS")
    return `This user may not write to ${error.path ?? root}: give it the folder and run the same command again.`
  return `Bridge could not set itself up: ${error.stack ?? error}`
}

const refuse = (words) => {
  process.stderr.write(`bridge: ${words}\n`)
  process.exit(1)
}

/** The new process holds the read end of our pipe (fd 3, Tether.mjs): when we are killed, it is told to stop. */
const run = (node, args) => {
  const flags = [
    "--disable-warning=ExperimentalWarning",
    ...flagsFor(args[0] ?? ""),
    "--import",
    pathToFileURL(join(root, "scripts/Tether.mjs")).href
  ]
  const child = spawn(node, [...flags, ...args], {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    env: {
      ...process.env,
      ...environment(process.env),
      PATH: join(root, "node_modules/.bin") + delimiter + process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules/.cache/v8")
    }
  })
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      // Ctrl-C at a terminal reaches the whole foreground group by itself.
      if (signal !== "SIGINT" || !atTerminal) child.kill(signal)
    })
  child.once("error", (error) =>
    refuse(`Node 24 could not be started (${error.message}): remove node_modules and run the same command again.`)
  )
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
