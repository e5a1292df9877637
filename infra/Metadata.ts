// Asks a broker how many brokers it knows, in Kafka's own bytes: the embedded cluster is ready when it names all of them.
// Not here: any other talk with Kafka (libs/kafka does that).
import { connect } from "node:net"

/** Metadata request, version 1, for no topic: size, api 3, version 1, correlation 1, client "up", empty list. */
const request = Buffer.from("00000010" + "0003" + "0001" + "00000001" + "0002" + "7570" + "00000000", "hex")

/** The number of brokers in the answer; 0 when there is none within a second. */
export const brokersKnownTo = (port: number): Promise<number> =>
  new Promise((answer) => {
    const socket = connect(port, "127.0.0.1")
    let got = Buffer.alloc(0)
    const end = (count: number) => {
      socket.destroy()
      answer(count)
    }
    socket.setTimeout(1000, () => end(0))
    socket.once("connect", () => socket.write(request))
    socket.once("error", () => end(0)).once("end", () => end(0))
    socket.on("data", (bytes) => {
      got = Buffer.concat([got, bytes])
      // size, correlation, then the array of brokers and its length
      if (got.length >= 12) end(got.readInt32BE(8))
    })
  })
