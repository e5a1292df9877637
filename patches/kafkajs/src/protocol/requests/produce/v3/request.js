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

/** Up to here a text is looked at letter by letter: a call into the engine costs more. */
const SHORT = 64

const isShortAscii = (text) => {
  if (text.length > SHORT) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false
  return true
}

const lengthOf = (value) => {
  if (typeof value !== "string") return value.length
  return isShortAscii(value) ? value.length : Buffer.byteLength(value)
}

const sizeOfBytes = (value) => {
  if (value == null) return 1
  const length = lengthOf(value)
  return sizeOfVarint(length) + length
}

/** Writes a short ASCII text with its length, or nothing (-1). */
const writeShortAscii = (out, at, text) => {
  const start = writeVarint(out, at, text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return -1
    out[start + i] = code
  }
  return start + text.length
}

const writeText = (out, at, text) => {
  const end = text.length <= SHORT ? writeShortAscii(out, at, text) : -1
  if (end >= 0) return end
  const start = writeVarint(out, at, Buffer.byteLength(text))
  return start + out.write(text, start)
}

/** -1 as a zigzag varint is 1. */
const writeBytes = (out, at, value) => {
  if (typeof value === "string") return writeText(out, at, value)
  if (value == null) {
    out[at] = 1
    return at + 1
  }
  const start = writeVarint(out, at, value.length)
  out.set(value, start)
  return start + value.length
}

/**
 * How large each record is, and how much of its headers stands in the record before it: our records share most of theirs, which
 * are then copied instead of encoded. Five numbers a record: size, headers, those shared, their bytes, all headers' bytes.
 */
const FACTS = 5
const measure = (messages) => {
  const facts = new Float64Array(messages.length * FACTS)
  const names = []
  const values = []
  const ends = []
  let known = 0
  for (let index = 0; index < messages.length; index++) {
    const { key, value, headers } = messages[index]
    let count = 0
    let same = 0
    let alike = true
    for (const name in headers) {
      const text = headers[name]
      if (alike && count < known && names[count] === name && values[count] === text) same++
      else {
        alike = false
        names[count] = name
        values[count] = text
        ends[count] = (count === 0 ? 0 : ends[count - 1]) + sizeOfBytes(name) + sizeOfBytes(text)
      }
      count++
    }
    known = count
    const bytes = count === 0 ? 0 : ends[count - 1]
    // Attributes and the time's distance from the batch's time, which is 0: one byte each.
    const size = 2 + sizeOfVarint(index) + sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarint(count) + bytes
    const at = index * FACTS
    facts[at] = size
    facts[at + 1] = count
    facts[at + 2] = same
    facts[at + 3] = same === 0 ? 0 : ends[same - 1]
    facts[at + 4] = bytes
  }
  return facts
}

const writeHeaders = (out, at, headers, same) => {
  let to = at
  let count = 0
  for (const name in headers) if (count++ >= same) to = writeBytes(out, writeBytes(out, to, name), headers[name])
  return to
}

/** Uncompressed batches are needed for a moment only: their room is used again. */
const spare = []
const MOST_SPARE = 4
const LARGEST_SPARE = 2 * 1024 * 1024

const roomFor = (bytes) => {
  const fit = spare.findIndex((one) => one.length >= bytes)
  if (fit >= 0) return spare.splice(fit, 1)[0]
  return Buffer.allocUnsafeSlow(bytes > LARGEST_SPARE ? bytes : Math.ceil(bytes / 262144) * 262144)
}

const giveBack = (buffer) => {
  if (buffer.length > LARGEST_SPARE) return
  if (spare.length === MOST_SPARE) spare.shift()
  spare.push(buffer)
}

const sizeOfRecords = (facts) => {
  let bytes = 0
  for (let at = 0; at < facts.length; at += FACTS) bytes += sizeOfVarint(facts[at]) + facts[at]
  return bytes
}

/** Writes the records of a batch; the position after them. */
const writeRecords = (out, from, messages, facts) => {
  let to = from
  let headersBefore = 0
  for (let index = 0; index < messages.length; index++) {
    const { key, value, headers } = messages[index]
    const at = index * FACTS
    to = writeVarint(out, to, facts[at])
    out[to++] = 0
    out[to++] = 0
    to = writeVarint(out, to, index)
    to = writeBytes(out, to, key)
    to = writeBytes(out, to, value)
    to = writeVarint(out, to, facts[at + 1])
    const shared = facts[at + 3]
    if (shared > 0) out.copyWithin(to, headersBefore, headersBefore + shared)
    writeHeaders(out, to + shared, headers, facts[at + 2])
    headersBefore = to
    to += facts[at + 4]
  }
  return to
}

/** Batches whose records were encoded before it was their turn, by their first message; numbers and times are written when they are sent. */
const ahead = new WeakMap()
/** First messages of batches whose turn has come: nothing is to be done for them any more. */
const begun = new WeakSet()

/** Encodes what is to be sent later, while the broker has something else. Nothing is sent, and nothing has to be: see Writer.ts. */
const prepare = async (compression, messages) => {
  if (messages.length === 0 || begun.has(messages[0]) || !messages.every(usual)) return
  const batch = records(compression, messages)
  ahead.set(messages[0], { compression, batch, size: messages.length, last: messages.at(-1) })
  await batch
}

globalThis[Symbol.for("bridge/kafkajs/prepare")] = prepare

/**
 * The same first and last message and as many of them: the list is only ever split by partition, in its order. Once: a repetition
 * is encoded anew, and nothing of a batch is kept until it is acknowledged.
 */
const taken = (compression, messages) => {
  const [first] = messages
  const one = ahead.get(first)
  begun.add(first)
  ahead.delete(first)
  const same = one?.compression === compression && one.size === messages.length && one.last === messages.at(-1)
  return same ? one.batch : undefined
}

const encodeBatch = async ({ compression, messages, now, producerId, producerEpoch, firstSequence, transactional }) => {
  const batch = await (taken(compression, messages) ?? records(compression, messages))
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
  const facts = measure(messages)
  const bytes = sizeOfRecords(facts)
  if (compression === Types.None) {
    const batch = Buffer.allocUnsafe(HEAD + bytes)
    writeRecords(batch, HEAD, messages, facts)
    return batch
  }
  const room = roomFor(bytes)
  try {
    writeRecords(room, 0, messages, facts)
    const compressed = await lookupCodec(compression).compress({ buffer: room.subarray(0, bytes) })
    const batch = Buffer.allocUnsafe(HEAD + compressed.length)
    compressed.copy(batch, HEAD)
    return batch
  } finally {
    giveBack(room)
  }
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
