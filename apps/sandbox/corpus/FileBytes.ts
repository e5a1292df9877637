// The content of a file, made from its seed when it is read: any size, never held as a whole.
// It begins as files of its type do; the rest is noise, as letters where the type is text.
import { createHash } from "node:crypto"
import type { Bytes } from "../Bytes.ts"

const block = 65_536

const heads: Readonly<Record<string, string>> = {
  "image/png": "89504e470d0a1a0a0000000d49484452",
  "image/jpeg": "ffd8ffe000104a4649460001",
  "image/gif": "474946383961",
  "application/pdf": "255044462d312e370a",
  "application/zip": "504b0304140000000800",
  "video/mp4": "00000018667479706d703432"
}
const isText = (type: string): boolean => type.startsWith("text/") || type === "message/rfc822"
const letters = Buffer.from("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ, 0123456789\n")

/** One block of noise; each block of the file bears its number in front, so that no two are alike. */
const noise = (seed: number, text: boolean): Buffer => {
  const words = new Uint32Array(block / 4)
  let x = seed | 0 || 1
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  const bytes = Buffer.from(words.buffer)
  if (text) for (let i = 0; i < bytes.length; i++) bytes[i] = letters[(bytes[i] as number) % letters.length] as number
  return bytes
}

export const fileBytes = (seed: number, type: string, size: number): Bytes => {
  const head = Buffer.from(heads[type] ?? "", "hex")
  return {
    size,
    read: function* (from, to) {
      const end = Math.min(to, size)
      if (from >= end) return
      const plain = noise(seed, isText(type))
      for (let index = Math.floor(from / block); index * block < end; index++) {
        const bytes = Buffer.from(plain)
        bytes.write(index.toString(36).padStart(8, "0"), 32, "latin1")
        if (index === 0) head.copy(bytes)
        yield bytes.subarray(Math.max(0, from - index * block), Math.min(block, end - index * block))
      }
    }
  }
}

export const sha256Of = (bytes: Bytes): string => {
  const hash = createHash("sha256")
  for (const piece of bytes.read(0, bytes.size)) hash.update(piece)
  return hash.digest("hex")
}
