// Replaces kafkajs 2.2.4 src/protocol/requests/produce/v3/request.js (MIT, Tulio Ornelas and contributors).
// Why: patches/README.md. The bytes are the original's. It makes a buffer for every record and every header, and copies each of
// them several times; here a batch is measured, then written into one buffer. What is unusual goes the original's way.
const Encoder = require("../../../encoder")
const crc32C = require("../../../recordBatch/crc32C")
const { Types, lookupCodec, COMPRESSION_CODEC_MASK } = require("../../../message/compression")
const stock = require("./request.js.orig.js")

const MAGIC = 2
const TRANSACTIONAL = 16
/** From the first offset to the number of records. */
const HEAD = 61

const isText = (value) => typeof value === "string" || Buffer.isBuffer(value)

/** Times of their own, repeated headers and odd values are left to the original. */
const usual = ({ key, value, headers, timestamp }) => {
  if (timestamp != null || !(key == null || isText(key)) || !(value === null || isText(value))) return false
  for (const name in headers) if (!isText(headers[name])) return false
  return true
}

const sizeOfVarint = (n) => {
  const zigzag = n * 2
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5
}

const writeVarint = (out, at, n) => {
  let rest = n * 2
  let to = at
  while (rest >= 0x80) {
    out[to++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[to++] = rest
  return to
}

const lengthOf = (value) => (typeof value === "string" ? Buffer.byteLength(value) : value.length)

const sizeOfBytes = (value) => {
  if (value == null) return 1
  const length = lengthOf(value)
  return sizeOfVarint(length) + length
}

/** -1 as a zigzag varint is 1. */
const writeBytes = (out, at, value) => {
  if (value == null) {
    out[at] = 1
    return at + 1
  }
  const start = writeVarint(out, at, lengthOf(value))
  return start + (typeof value === "string" ? out.write(value, start) : value.copy(out, start))
}

const sizeOfRecord = ({ key, value, headers }, index) => {
  let count = 0
  // Attributes and the time's distance from the batch's time, which is 0: one byte each.
  let size = 2 + sizeOfVarint(index) + sizeOfBytes(key) + sizeOfBytes(value)
  for (const name in headers) {
    count++
    size += sizeOfBytes(name) + sizeOfBytes(headers[name])
  }
  return size + sizeOfVarint(count)
}

const writeRecord = (out, at, { key, value, headers }, index, size) => {
  let to = writeVarint(out, at, size)
  out[to++] = 0
  out[to++] = 0
  to = writeVarint(out, to, index)
  to = writeBytes(out, to, key)
  to = writeBytes(out, to, value)
  let count = 0
  for (const _ in headers) count++
  to = writeVarint(out, to, count)
  for (const name in headers) to = writeBytes(out, writeBytes(out, to, name), headers[name])
  return to
}

/** The records of a batch behind `room` free bytes. */
const encodeRecords = (messages, room) => {
  const sizes = messages.map(sizeOfRecord)
  const out = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + sizeOfVarint(size) + size, room))
  let at = room
  for (const [index, message] of messages.entries()) at = writeRecord(out, at, message, index, sizes[index])
  return out
}

const encodeBatch = async ({ compression, messages, now, producerId, producerEpoch, firstSequence, transactional }) => {
  const batch = await records(compression, messages)
  const attributes = (compression & COMPRESSION_CODEC_MASK) | (transactional ? TRANSACTIONAL : 0)
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(0, 12)
  batch.writeInt8(MAGIC, 16)
  batch.writeInt16BE(attributes, 21)
  batch.writeInt32BE(messages.length - 1, 23)
  batch.writeBigInt64BE(BigInt(now), 27)
  batch.writeBigInt64BE(BigInt(now), 35)
  batch.writeBigInt64BE(BigInt(String(producerId)), 43)
  batch.writeInt16BE(producerEpoch, 51)
  batch.writeInt32BE(firstSequence, 53)
  batch.writeInt32BE(messages.length, 57)
  batch.writeUInt32BE(crc32C(batch.subarray(21)), 17)
  return batch
}

const records = async (compression, messages) => {
  if (compression === Types.None) return encodeRecords(messages, HEAD)
  const compressed = await lookupCodec(compression).compress({ buffer: encodeRecords(messages, 0) })
  const batch = Buffer.allocUnsafe(HEAD + compressed.length)
  compressed.copy(batch, HEAD)
  return batch
}

const encode = async ({ acks, timeout, transactionalId, producerId, producerEpoch, compression, topicData }) => {
  const transactional = transactionalId != null && transactionalId !== ""
  const topics = []
  let size = 2 + Buffer.byteLength(transactionalId ?? "") + 10
  for (const { topic, partitions } of topicData) {
    const batches = []
    size += 2 + Buffer.byteLength(topic) + 4
    for (const { partition, messages, firstSequence = 0 } of partitions) {
      const now = Date.now()
      const batch = await encodeBatch({ compression, messages, now, producerId, producerEpoch, firstSequence, transactional })
      batches.push({ partition, batch })
      size += 8 + batch.length
    }
    topics.push({ topic, batches })
  }
  const out = new Encoder(size).writeString(transactionalId).writeInt16(acks).writeInt32(timeout).writeInt32(topics.length)
  for (const { topic, batches } of topics) {
    out.writeString(topic).writeInt32(batches.length)
    for (const { partition, batch } of batches) out.writeInt32(partition).writeInt32(batch.length).writeBuffer(batch)
  }
  return out
}

const allUsual = (topicData) =>
  topicData.every(({ partitions }) => partitions.every(({ messages }) => messages.length > 0 && messages.every(usual)))

module.exports = (request) => {
  const original = stock(request)
  if (!allUsual(request.topicData)) return original
  const { transactionalId = null, producerId = -1, producerEpoch = 0, compression = Types.None } = request
  return { ...original, encode: () => encode({ ...request, transactionalId, producerId, producerEpoch, compression }) }
}
