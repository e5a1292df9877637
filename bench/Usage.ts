// CPU time and memory of processes with all their threads and children, as the kernel counts them in /proc. For benchmarks.
import { readdirSync, readFileSync } from "node:fs"

/** Clock ticks of a second: 100 on every Linux that Node runs on. */
const microsPerTick = 10_000

interface Stat {
  readonly pid: number
  readonly parent: number
  /** Ticks of its own threads, and of children that have ended. */
  readonly ticks: number
}

const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name of the program, in brackets, may hold blanks.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
    return { pid, parent: Number(fields[1]), ticks }
  } catch {
    return undefined
  }
}

/** The processes of each named root, with everything that descends from it. */
const families = (roots: Readonly<Record<string, ReadonlyArray<number>>>): Readonly<Record<string, Array<Stat>>> => {
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []))
  const of = (pid: number): Array<Stat> =>
    all.flatMap((one) => (one.pid === pid ? [one] : one.parent === pid ? of(one.pid) : []))
  return Object.fromEntries(Object.entries(roots).map(([name, pids]) => [name, pids.flatMap(of)]))
}

export type Roots = Readonly<Record<string, ReadonlyArray<number>>>

/** Microseconds of CPU that each has used so far. */
export const cpuMicros = (roots: Roots): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(families(roots)).map(([name, family]) => [
      name,
      family.reduce((sum, { ticks }) => sum + ticks * microsPerTick, 0)
    ])
  )

const memoryMiB = (pid: number, field: "VmHWM" | "VmRSS"): number => {
  const kB = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return Math.round(Number(kB ?? 0) / 1024)
}

/** The most memory that one process has held so far, in MiB. */
export const peakMiB = (pid: number): number => memoryMiB(pid, "VmHWM")

/** What it holds now. */
export const heldMiB = (pid: number): number => memoryMiB(pid, "VmRSS")
