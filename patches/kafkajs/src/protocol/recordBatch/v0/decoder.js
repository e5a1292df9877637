// Replaces kafkajs 2.2.4 src/protocol/recordBatch/v0/decoder.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// Records are the original's. It makes four objects and a big number or two for every record, and copies the headers once per
// header; here a record is read in place, and its headers when somebody asks for them.
const { KafkaJSPartialMessageError } = require("../../../errors")
const { lookupCodecByAttributes } = require("../../message/compression")
const TimestampTypes = require("../../timestampTypes")

const MAGIC = 2
const LOG_APPEND_TIME = 0x8
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

/** Reads through the records of one batch. Numbers stay below 2^53: what is longer than 49 bits goes through BigInt. */
class Reader {
  constructor(buffer) {
    this.buffer = buffer
    this.at = 0
  }

  int8() {
    if (this.at >= this.buffer.length) throw new RangeError("a record ends before its fields")
    return this.buffer.readInt8(this.at++)
  }

  varint() {
    const { buffer } = this
    let value = 0
    let scale = 1
    for (let count = 0; count < 7; count++) {
      if (this.at >= buffer.length) throw new RangeError("a record ends before its fields")
      const byte = buffer[this.at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      scale *= 0x80
    }
    let wide = BigInt(value)
    for (let shift = 49n; shift < 70n; shift += 7n) {
      if (this.at >= buffer.length) throw new RangeError("a record ends before its fields")
      const byte = buffer[this.at++]
      wide |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((wide >> 1n) ^ -(wide & 1n))
    }
    throw new RangeError("a number is too long")
  }

  bytes() {
    const length = this.varint()
    if (length < 0) return null
    const start = this.at
    this.at += length
    if (this.at > this.buffer.length) throw new RangeError("a record ends before its fields")
    return this.buffer.subarray(start, this.at)
  }
}

/** Names are the sender's: nothing is inherited, so that `toString` or `__proto__` is a name like any other. */
function Headers() {}
Headers.prototype = Object.create(null)

const readHeaders = (buffer) => {
  const reader = new Reader(buffer)
  const count = reader.varint()
  const headers = new Headers()
  for (let i = 0; i < count; i++) {
    const name = reader.bytes()
    const key = name === null ? null : name.toString("utf8")
    const value = reader.bytes()
    const before = headers[key]
    if (before === undefined) headers[key] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[key] = [before, value]
  }
  return headers
}

/** Whether the bytes from `at` on are the letters of an ASCII name. */
const isName = (buffer, at, name) => {
  for (let i = 0; i < name.length; i++) if (buffer[at + i] !== name.charCodeAt(i)) return false
  return true
}

/** The first value under an ASCII name, without reading the others; undefined when there is none. */
const findHeader = (buffer, name) => {
  const reader = new Reader(buffer)
  for (let left = reader.varint(); left > 0; left--) {
    const length = reader.varint()
    const found = length === name.length && isName(buffer, reader.at, name)
    reader.at += Math.max(0, length)
    const value = reader.varint()
    const start = reader.at
    reader.at += Math.max(0, value)
    if (reader.at > buffer.length) throw new RangeError("a record ends before its fields")
    if (found) return value < 0 ? undefined : buffer.subarray(start, reader.at)
  }
  return undefined
}

class KafkaRecord {
  #headers
  #read

  constructor(batch, attributes, timestamp, offset, key, value, headers) {
    this.magicByte = MAGIC
    this.attributes = attributes
    this.timestamp = timestamp
    this.offset = offset
    this.key = key
    this.value = value
    this.isControlRecord = batch.isControlBatch
    this.batchContext = batch
    this.#headers = headers
  }

  /** For those who need one or two of many: nothing is kept for it. */
  header(name) {
    return findHeader(this.#headers, name)
  }

  get headers() {
    this.#read ??= readHeaders(this.#headers)
    return this.#read
  }
}

const readRecord = (reader, batch, first) => {
  const length = reader.varint()
  const end = reader.at + length
  const attributes = reader.int8()
  const time = reader.varint()
  const offset = reader.varint()
  const key = reader.bytes()
  const value = reader.bytes()
  if (reader.at > end || end > reader.buffer.length) throw new RangeError("a record is longer than it says")
  const headers = reader.buffer.subarray(reader.at, end)
  reader.at = end
  return new KafkaRecord(batch, attributes, first.time(time), first.offset(offset), key, value, headers)
}

/** Adds small numbers to a big one, as text. */
const adder = (base) => {
  const small = Number(base)
  return Math.abs(small) < 2 ** 52 ? (n) => String(small + n) : (n) => String(BigInt(base) + BigInt(n))
}

module.exports = async (fetchDecoder) => {
  const firstOffset = fetchDecoder.readInt64().toString()
  const length = fetchDecoder.readInt32()
  const decoder = fetchDecoder.slice(length)
  fetchDecoder.forward(length)
  const remaining = decoder.buffer.length
  if (remaining < length) {
    throw new KafkaJSPartialMessageError(
      `Tried to decode a partial record batch: remainingBytes(${remaining}) < recordBatchLength(${length})`
    )
  }
  const partitionLeaderEpoch = decoder.readInt32()
  decoder.readInt8()
  decoder.readInt32()
  const attributes = decoder.readInt16()
  const lastOffsetDelta = decoder.readInt32()
  const firstTimestamp = decoder.readInt64().toString()
  const maxTimestamp = decoder.readInt64().toString()
  const producerId = decoder.readInt64().toString()
  const producerEpoch = decoder.readInt16()
  const firstSequence = decoder.readInt32()
  const appended = (attributes & LOG_APPEND_TIME) > 0
  const context = {
    firstOffset,
    firstTimestamp,
    partitionLeaderEpoch,
    inTransaction: (attributes & TRANSACTIONAL) > 0,
    isControlBatch: (attributes & CONTROL) > 0,
    lastOffsetDelta,
    producerId,
    producerEpoch,
    firstSequence,
    maxTimestamp,
    timestampType: appended ? TimestampTypes.LOG_APPEND_TIME : TimestampTypes.CREATE_TIME
  }
  return { ...context, records: await readRecords(decoder, attributes, { ...context, magicByte: MAGIC }) }
}

const readRecords = async (decoder, attributes, batch) => {
  const count = decoder.readInt32()
  if (count <= 0) return []
  const codec = lookupCodecByAttributes(attributes)
  const rest = decoder.readAll()
  const reader = new Reader(codec === null ? rest : await codec.decompress(rest))
  const time = batch.timestampType === TimestampTypes.LOG_APPEND_TIME ? () => batch.maxTimestamp : adder(batch.firstTimestamp)
  const first = { time, offset: adder(batch.firstOffset) }
  const records = new Array(count)
  for (let i = 0; i < count; i++) records[i] = readRecord(reader, batch, first)
  return records
}

