// Loaded before the command's own code: when the launcher is gone (kill -9 too), its pipe at fd 3 closes and we stop as if asked to.
import { Socket } from "node:net"

new Socket({ fd: 3 })
  .on("error", () => {})
  .on("close", () => process.kill(process.pid, "SIGTERM"))
  .resume()
  .unref()
