// Replaces kafkajs 2.2.4 src/consumer/fetchManager.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The original begins anew when brokers come or go, also where it was stopped meanwhile. Then fetches return at once without a wait
// between them, for ever, and nothing else in the process runs any more: no timer, no socket.
const createFetchManager = require("./fetchManager.js.orig.js")

/** Ends a manager that begins anew after it was stopped. */
const STOPPED = new Error("the fetch manager was stopped")

module.exports = (options) => {
  let stopped = false
  const manager = createFetchManager({
    ...options,
    fetch: (nodeId) => (stopped ? Promise.reject(STOPPED) : options.fetch(nodeId))
  })
  const start = async () => {
    stopped = false
    try {
      await manager.start()
    } catch (error) {
      if (error !== STOPPED) throw error
    }
  }
  const stop = async () => {
    stopped = true
    await manager.stop()
  }
  return { ...manager, start, stop }
}
