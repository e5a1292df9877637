// Replaces kafkajs 2.2.4 src/protocol/request.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The bytes are the original's, which copies every request three times into buffers that grow. Here they are copied once.
const Encoder = require("./encoder")

module.exports = async ({ correlationId, clientId, request: { apiKey, apiVersion, encode } }) => {
  const payload = await encode()
  const head = new Encoder().writeInt16(apiKey).writeInt16(apiVersion).writeInt32(correlationId).writeString(clientId)
  const size = head.size() + payload.size()
  return new Encoder(4 + size).writeInt32(size).writeEncoder(head).writeEncoder(payload)
}
