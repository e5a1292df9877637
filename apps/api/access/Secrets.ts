// Random tokens and what is kept of them: 256 random bits for the holder, their SHA-256 for the table. For this room.
import { createHash, randomBytes } from "node:crypto"

export const apiTokenPrefix = "brg_"

export const newRefreshToken = (): string => randomBytes(32).toString("base64url")
export const newApiToken = (): string => `${apiTokenPrefix}${randomBytes(32).toString("base64url")}`

/** A token with so many random bits needs no slow hash. */
export const digest = (token: string): Buffer => createHash("sha256").update(token, "utf8").digest()
