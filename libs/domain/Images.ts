// Pictures in HTML: where a text names them, and the hash that finds the file they became. Pure. For connectors (which fetch
// the vendor's own) and for destinations (which put the new address in).
import { sha256 } from "./Canonical.ts"

export interface Picture {
  /** The address, character references decoded. */
  readonly src: string
  /** What vendors' editors name the file by that is shown (`data-id`). */
  readonly dataId: string | null
  /** Where the value of `src` stands in the text, without its quotes. */
  readonly start: number
  readonly end: number
}

/** The `src` of every `img` that has one, in order. */
export const imagesIn = (html: string): ReadonlyArray<Picture> => {
  const found: Array<Picture> = []
  for (const tag of html.matchAll(/<img\b(?:[^>"']|"[^"]*"|'[^']*')*>/giu)) {
    const attribute = /\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/iu.exec(tag[0])
    const value = attribute?.[1] ?? attribute?.[2] ?? attribute?.[3]
    if (attribute === null || value === undefined || value.trim() === "") continue
    const start = tag.index + attribute.index + attribute[0].lastIndexOf(value)
    const id = /\sdata-id\s*=\s*["']?([\w-]+)/iu.exec(tag[0])?.[1] ?? null
    found.push({ src: decoded(value.trim()), dataId: id, start, end: start + value.length })
  }
  return found
}

/** How a picture's address is named in a record: never the address itself, which may be signed. */
export const urlHash = (src: string): string => sha256(src)

/** The hashes of a file that a text shows under several addresses, as one text. */
export const joinedHashes = (hashes: ReadonlyArray<string>): string => hashes.join(" ")
export const splitHashes = (joined: string): ReadonlyArray<string> => joined.split(" ")

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

const decoded = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/giu, (whole, ten, sixteen, name) => {
    if (name !== undefined) return named[String(name).toLowerCase()] ?? whole
    const point = ten === undefined ? Number.parseInt(sixteen, 16) : Number(ten)
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
