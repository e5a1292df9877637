// Replaces kafkajs 2.2.4 src/network/requestQueue/index.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The original re-arms a timer without end, mostly with a negative timeout: 2.5 % of a core when nothing happens.
const RequestQueue = require("./index.js.orig.js")

const INTERVAL = 10

module.exports = class extends RequestQueue {
  scheduleCheckPendingRequests() {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return
    const throttled = this.throttledUntil - Date.now()
    const check = () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    }
    this.throttleCheckTimeoutId = setTimeout(check, throttled > 0 ? throttled : INTERVAL)
  }
}
