// What ends the reading of a stream until a person acts, as code and words for the job. Pure. For Extractor.ts.
// What does not belong here: what passes by itself; that is tried again (libs/flow/Retry.ts).
import { ConnectionError } from "@bridge/connectors/Connections"
import { VendorError } from "@bridge/http/VendorError"
import { VaultError } from "@bridge/vault/VaultError"

export interface Refusal {
  readonly code: string
  readonly message: string
}

/** Undefined for what passes by itself or is a fault of ours. */
export const refusalOf = (error: unknown): Refusal | undefined => {
  if (error instanceof VendorError) return error.transient ? undefined : ofVendor(error)
  if (error instanceof ConnectionError)
    return error.reason._tag === "ConnectionMissing"
      ? { code: "connection-unknown", message: "the source connection was deleted" }
      : { code: "connection-unfit", message: `the source connection must be entered again: ${error.reason.issue}` }
  // Another key-encryption key is for the operator to bring back; no job is to fail for it.
  if (error instanceof VaultError && (error.reason._tag === "DataKeyMissing" || error.reason._tag === "SealBroken"))
    return { code: "connection-unfit", message: `the source connection must be entered again: ${error.message}` }
  return undefined
}

const ofVendor = (error: VendorError): Refusal => {
  const { message, reason } = error
  if (reason._tag === "AuthRejected") return { code: "credentials-rejected", message }
  return { code: reason._tag === "BadAddress" ? "address-refused" : "source-refused", message }
}
