// Free ports on the loopback address, and whether somebody listens there. For the embedded servers.
import { randomInt } from "node:crypto"
import { connect, createServer } from "node:net"

/** Below the range from which the kernel takes ports for outgoing connections, so that none of those comes in between. */
const lowest = 20_000
const beyond = 32_000

export const isFree = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    const server = createServer()
    server.once("error", () => answer(false))
    server.listen(port, "127.0.0.1", () => server.close(() => answer(true)))
  })

/** A port that nobody listened on a moment ago. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(lowest, beyond)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port between ${lowest} and ${beyond}`)
}

/** True when a connection is accepted within a second. */
export const answers = (port: number, host = "127.0.0.1"): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect(port, host)
    const end = (ok: boolean) => {
      socket.destroy()
      answer(ok)
    }
    socket.setTimeout(1000, () => end(false))
    socket.once("connect", () => end(true)).once("error", () => end(false))
  })
