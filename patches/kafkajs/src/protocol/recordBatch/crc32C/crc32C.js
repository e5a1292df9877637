// Replaces kafkajs 2.2.4 src/protocol/recordBatch/crc32C/crc32C.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The original goes byte by byte in JavaScript: 7 microseconds for each record of 1 kB.
const native = (() => {
  try {
    return require("@node-rs/crc32").crc32c
  } catch {
    return undefined
  }
})()

module.exports = native === undefined ? require("./crc32C.js.orig.js") : (buffer) => native(buffer)
