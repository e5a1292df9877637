// What keeps a service's memory small (docs/benchmarks.md, "Memory"). For everything that starts a Node of Bridge; the Dockerfile
// says the same. Plain JS: it is read before anything is installed.

/**
 * V8's new space holds three of these; its default on a large machine is 32, and no faster here. In MiB. A service alone needs half
 * of what all of them need in one process.
 */
export const flagsFor = (/** @type {string} */ file) => [`--max-semi-space-size=${file.endsWith(aloneFile) ? 8 : 16}`]
const aloneFile = "apps/all/service.ts"

/**
 * For glibc; other C libraries do not look at it. One arena in place of one per thread that compresses, and large blocks (pages,
 * batches) go back to the system when they are freed. What is set already stays.
 */
export const environment = (/** @type {Record<string, string | undefined>} */ given) => ({
  MALLOC_ARENA_MAX: given.MALLOC_ARENA_MAX ?? "1",
  MALLOC_TRIM_THRESHOLD_: given.MALLOC_TRIM_THRESHOLD_ ?? "131072",
  MALLOC_MMAP_THRESHOLD_: given.MALLOC_MMAP_THRESHOLD_ ?? "262144"
})
