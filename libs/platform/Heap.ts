// How V8 collects garbage in a process that moves pages. For apps/all, before a service starts.
// What does not belong here: sizes of anything of ours; docs/adr/20261126-garbage.md says what was measured.
import v8 from "node:v8"

/**
 * Most of what a batch costs in memory are buffers outside the heap. V8 marks the whole heap for every 64 MB of them; with these
 * flags it does when heap and buffers together have grown by 60 %. Known to Node 24; another one keeps its own ways.
 */
export const countBuffers = (): void => {
  if (!process.versions.node.startsWith("24.")) return
  v8.setFlagsFromString("--external-memory-accounted-in-global-limit")
  v8.setFlagsFromString("--heap-growing-percent=60")
}
