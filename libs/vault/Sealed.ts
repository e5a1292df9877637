// AES-256-GCM over bytes: `version | nonce | tag | ciphertext`, bound to a context. Pure but for the nonce. For Kek and Vault.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"

const version = 1
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + nonceBytes + tagBytes

/** Encrypts under a 32-byte key. `context` is authenticated, not stored: opening needs the same one. */
export const sealWith = (key: Buffer, context: string, plain: Uint8Array): Buffer => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(context, "utf8"))
  // A file's bytes may be many: they are copied once.
  const body = [cipher.update(plain), cipher.final()]
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), ...body])
}

/** Null when the bytes are not exactly what `sealWith` made under this key and context. */
export const openWith = (key: Buffer, context: string, sealed: Uint8Array): Buffer | null => {
  if (sealed.length < headBytes || sealed[0] !== version) return null
  const nonce = sealed.subarray(1, 1 + nonceBytes)
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context, "utf8"))
  decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headBytes))
  try {
    const body = decipher.update(sealed.subarray(headBytes))
    // In this mode nothing is left at the end but the check.
    const rest = decipher.final()
    return rest.length === 0 ? body : Buffer.concat([body, rest])
  } catch {
    return null
  }
}
