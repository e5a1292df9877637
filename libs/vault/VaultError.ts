// What can go wrong with keys and secrets, and who acts. For libs/vault and everyone who seals or opens.
import { Schema } from "effect"

/** BRIDGE_KEK or the key file does not hold 32 bytes in base64. The operator acts; the service does not start. */
export class KekInvalid extends Schema.TaggedError<KekInvalid>()("KekInvalid", { where: Schema.String }) {}
/** The key file can be read by others than its owner. The operator acts (chmod 600); the service does not start. */
export class KekExposed extends Schema.TaggedError<KekExposed>()("KekExposed", {
  file: Schema.String,
  mode: Schema.String
}) {}
/** The key file can be neither read nor made. The operator acts; the service does not start. */
export class KekUnreadable extends Schema.TaggedError<KekUnreadable>()("KekUnreadable", {
  file: Schema.String,
  cause: Schema.Defect()
}) {}
/** The tenant's data key was wrapped under another key-encryption key. The operator acts: bring that one back. */
export class KekWrong extends Schema.TaggedError<KekWrong>()("KekWrong", { tenantId: Schema.String }) {}
/** The tenant is unknown, or its data key was destroyed with it. Nobody acts; what was sealed is gone for good. */
export class DataKeyMissing extends Schema.TaggedError<DataKeyMissing>()("DataKeyMissing", {
  tenantId: Schema.String
}) {}
/** The bytes were changed, cut or sealed for another tenant. We act; nothing of them is used. */
export class SealBroken extends Schema.TaggedError<SealBroken>()("SealBroken", { tenantId: Schema.String }) {}
/** The database that keeps the wrapped keys did not answer. Nobody acts; the caller tries again. */
export class KeyStoreUnavailable extends Schema.TaggedError<KeyStoreUnavailable>()("KeyStoreUnavailable", {
  cause: Schema.Defect()
}) {}

export class VaultError extends Schema.TaggedError<VaultError>()("VaultError", {
  operation: Schema.String,
  reason: Schema.Union([
    KekInvalid,
    KekExposed,
    KekUnreadable,
    KekWrong,
    DataKeyMissing,
    SealBroken,
    KeyStoreUnavailable
  ])
}) {
  /** True when the same call may succeed later without anyone acting. */
  get transient(): boolean {
    return this.reason._tag === "KeyStoreUnavailable"
  }
  override get message(): string {
    return words(this.reason)
  }
}

const words = (reason: VaultError["reason"]): string => {
  switch (reason._tag) {
    case "KekInvalid":
      return `${reason.where} must hold 32 random bytes in base64 (openssl rand -base64 32)`
    case "KekExposed":
      return `${reason.file} can be read by others (mode ${reason.mode}): run chmod 600 ${reason.file}`
    case "KekUnreadable":
      return `the key file ${reason.file} can be neither read nor created: ${String(reason.cause)}`
    case "KekWrong":
      return `the data key of tenant ${reason.tenantId} was wrapped under another key: start with the BRIDGE_KEK that made it`
    case "DataKeyMissing":
      return `tenant ${reason.tenantId} has no data key: it is unknown or was deleted`
    case "SealBroken":
      return `a sealed value of tenant ${reason.tenantId} was changed, or belongs to another tenant`
    case "KeyStoreUnavailable":
      return "the wrapped keys cannot be read from the database"
  }
}
