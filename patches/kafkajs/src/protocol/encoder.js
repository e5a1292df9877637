// Replaces kafkajs 2.2.4 src/protocol/encoder.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The original zeroes a buffer of its own, of a power of two, for every encoder, and a fetch makes one for each partition. Here
// small buffers come from Node's pool and large ones are as large as was asked for. Only written bytes are ever seen.
const Original = require("./encoder.js.orig.js")

module.exports = class Encoder extends Original {
  constructor(initialSize = 511) {
    super(0)
    this.buf = Buffer.allocUnsafe(initialSize + 1)
  }

  ensureAvailable(length) {
    if (this.offset + length <= this.buf.length) return
    const larger = Buffer.allocUnsafe(Original.nextPowerOfTwo(this.offset + length))
    this.buf.copy(larger, 0, 0, this.offset)
    this.buf = larger
  }
}
