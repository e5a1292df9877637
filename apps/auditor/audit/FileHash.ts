// The SHA-256 of a file as the destination gives it out. For Pairs.ts.
import type { OpenConnection } from "@bridge/connectors/Connections"
import { sha256 } from "@bridge/domain/Canonical"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect, Semaphore } from "effect"

/** Files of all audits of this process that may be in memory at one time. */
const room = Semaphore.makeUnsafe(2)

/** Null where it is not given out: it does not hold what was written then. */
export const hashOf = (connection: OpenConnection, url: string) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const gone = (e: VendorError): boolean => ["Gone", "Refused", "BadAddress"].includes(e.reason._tag)
    const call = { operation: "readFile", method: "GET", path: url, file: true, idempotent: true } as const
    return yield* http
      .read(connection, call, (answer): string | null => sha256(answer.body))
      .pipe(
        Effect.catchIf(gone, () => Effect.succeed(null)),
        room.withPermits(1)
      )
  })
