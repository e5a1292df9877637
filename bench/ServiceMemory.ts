// What a service may hold. For benchmarks.
import { serviceNames } from "../test/harness/Install.ts"
import { type Aim, atMost } from "./Aims.ts"

const mostMiB = 350

/** Of peaks by name those of services with a process of their own: all in one process are six. */
export const serviceMemory = (peaks: Readonly<Record<string, number>>, when = ""): ReadonlyArray<Aim> =>
  serviceNames.flatMap((name) => {
    const peak = peaks[name]
    return peak === undefined ? [] : [atMost(`memory of ${name}${when}`, peak, mostMiB, "MiB")]
  })
