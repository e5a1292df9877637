// Which process wrote an intent, and whether it is gone for sure: then nothing of its calls can leave any more, and nobody
// has to wait for their deadline. For Send.ts (writes it) and Unknown.ts (asks).
import { randomUUID } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { Result } from "effect"

/** This boot of this machine, and the namespace in which process ids count; null where the system does not tell. */
const place: string | null = Result.getOrElse(
  Result.try(
    () => `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${readlinkSync("/proc/self/ns/pid")}`
  ),
  () => null
)

const life = randomUUID()

/** `<place>/<pid>/<life>`; a place that is not known is empty. */
export const self = `${place ?? ""}/${process.pid}/${life}`

/**
 * True only when the process surely does not run any more: same boot, same namespace, no such process, or this process has
 * its number. Anything else may be alive somewhere.
 */
export const isGone = (owner: string | undefined): boolean => {
  if (owner === undefined || place === null) return false
  const [where, pidText, whose] = owner.split("/")
  const pid = Number(pidText)
  if (where !== place || whose === undefined || !Number.isSafeInteger(pid) || pid < 1) return false
  if (pid === process.pid) return whose !== life
  // Signal 0 asks only; a process of another user counts as running.
  const asked = Result.try(() => process.kill(pid, 0))
  return Result.isFailure(asked) && codeOf(asked.failure) === "ESRCH"
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)
