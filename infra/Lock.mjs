// A lock file that belongs to one living process: a dead holder's lock is taken over. For the bootstrap and the embedded stack.
// Plain JS, because the bootstrap runs it on whatever Node is there. What is not here: locks between machines.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

const readOrEmpty = (file) => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** `[state, start time]` of a process; start time tells a process from a later one with the same number. Linux only, else "". */
const stat = (pid) => {
  const fields = readOrEmpty(`/proc/${pid}/stat`).split(") ").pop().split(" ")
  return fields.length < 20 ? ["", ""] : [fields[0], fields[19]]
}

/** What names a process for good: its number and when it started. */
export const identity = (pid = process.pid) => `${pid}.${stat(pid)[1]}`

/** True while the very process that `identity` named is running; a zombie is not. */
export const isAlive = (identity) => {
  const [pid = "", started = ""] = identity.split(".")
  if (!/^[1-9]\d*$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if (error.code !== "EPERM") return false
  }
  const [state, now] = stat(pid)
  return state !== "Z" && state !== "X" && (started === "" || now === "" || started === now)
}

/** A lock names its holder, or a child of it and then the holder; it is held while one of them lives. */
const isHeld = (names) => names.split(" ").some(isAlive)

let turns = 0

/**
 * Waits for the lock and returns the function that gives it back; its `handTo(pid)` makes the lock live as long as a child that
 * does the work, should we be killed meanwhile; when the child ends first, it is still ours. `onWait` is told once whose lock
 * it waits for.
 * The lock is made by a hard link, so it never exists without its holder's name in it.
 */
export const acquire = async (file, onWait = () => {}) => {
  const mine = `${identity()}.${++turns}`
  const own = `${file}.${mine}`
  mkdirSync(dirname(file), { recursive: true })
  for (let told = false; ; told = true) {
    writeFileSync(own, mine)
    try {
      linkSync(own, file)
      return held(file, mine)
    } catch (error) {
      if (error.code !== "EEXIST") throw error
    } finally {
      rmSync(own, { force: true })
    }
    const holder = readOrEmpty(file)
    if (holder !== "" && !isHeld(holder)) takeAway(file, holder, own)
    else {
      if (!told) onWait(holder.split(".")[0])
      await new Promise((again) => setTimeout(again, 100))
    }
  }
}

const held = (file, mine) => {
  let now = mine
  const release = () => {
    if (readOrEmpty(file) === now) rmSync(file, { force: true })
  }
  release.handTo = (pid) => {
    now = `${identity(pid)}.${++turns} ${mine}`
    writeFileSync(`${file}.${mine}`, now)
    renameSync(`${file}.${mine}`, file)
  }
  return release
}

/** Removes a dead holder's lock; puts it back when another process was quicker and it is a living one's by now. */
const takeAway = (file, holder, aside) => {
  try {
    renameSync(file, aside)
    if (readOrEmpty(aside) !== holder) linkSync(aside, file)
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error
  } finally {
    rmSync(aside, { force: true })
  }
}
