// The files of the account: whose they are, what they are called, how large, which cannot be had.
// Tickets, conversations and assets have files; pictures within a body are files that no list names.

import type { Bytes } from "../Bytes.ts"
import { hashText, places, random } from "../Random.ts"
import { fileBytes, sha256Of } from "./FileBytes.ts"
import { attachmentNumbers } from "./Ids.ts"

export type FileOwner =
  | { readonly kind: "ticket"; readonly ticket: number }
  | { readonly kind: "conversation"; readonly ticket: number; readonly place: number }
  | { readonly kind: "asset"; readonly asset: number }

/** `gone`: nobody will ever get its bytes. `flaky`: the first downloads fail. */
export type Trouble = "gone" | "flaky"

export type File = {
  readonly index: number
  readonly id: number
  readonly name: string
  readonly type: string
  readonly size: number
  /** Within the body of its owner, not in its list. */
  readonly inline: boolean
  readonly owner: FileOwner
  readonly trouble: Trouble | null
}

export type Files = {
  readonly count: number
  readonly file: (index: number) => File
  /** -1 for a number that no file bears. */
  readonly index: (id: number) => number
  readonly bytes: (index: number) => Bytes
  readonly sha256: (index: number) => string
  readonly ofTicket: (ticket: number) => ReadonlyArray<File>
  readonly ofConversation: (ticket: number, place: number) => ReadonlyArray<File>
  readonly ofAsset: (asset: number) => ReadonlyArray<File>
}

type Sources = {
  readonly seed: number
  readonly count: number
  readonly tickets: number
  readonly assets: number
  readonly conversations: (ticket: number) => number
}

const largest = 20_000_000

// biome-ignore format: one list, many scripts
const names: ReadonlyArray<readonly [string, string]> = [
  ["screenshot.png", "image/png"], ["Bildschirmfoto 2024-05-10 um 11.32.29.png", "image/png"], ["IMG_4021.JPG", "image/jpeg"],
  ["log – größe.txt", "text/plain"], ["报错截图.png", "image/png"], ["エラー画面.jpg", "image/jpeg"], ["تقرير.pdf", "application/pdf"],
  ["invoice (final) v2.pdf", "application/pdf"], ["Отчёт за март.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["export_2024;Q1.csv", "text/csv"], ["it's 100% \"done\".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["dump.zip", "application/zip"], ["demo 🎬.mp4", "video/mp4"], ["Fwd_ hello.eml", "message/rfc822"], ["README", "application/octet-stream"],
  ["trace+stack&more#1.log", "text/plain"], ["image001.png", "image/png"], ["image001.png", "image/png"], ["photo.gif", "image/gif"]
]
const pictures = names.filter(([, type]) => type.startsWith("image/"))

export const makeFiles = (sources: Sources): Files => {
  const { count } = sources
  const seen = new Map<string, Array<File>>()
  const files = Array.from({ length: count }, (_, index) => makeFile(sources, index))
  for (const file of files) {
    const key = ownerKey(file.owner)
    const known = seen.get(key)
    if (known === undefined) seen.set(key, [file])
    else known.push(file)
  }
  const hashes = new Map<number, string>()
  const bytes = (index: number): Bytes => {
    const { type, size } = files[contentOf(index)] as File
    return fileBytes(hashText(`${sources.seed}/${contentOf(index)}`), type, size)
  }
  return {
    count,
    file: (index) => files[index] as File,
    index: (id) => {
      const index = attachmentNumbers.index(id)
      return index < count ? index : -1
    },
    bytes,
    sha256: (index) => {
      const known = hashes.get(index)
      if (known !== undefined) return known
      const made = sha256Of(bytes(index))
      hashes.set(index, made)
      return made
    },
    ofTicket: (ticket) => seen.get(`t${ticket}`) ?? [],
    ofConversation: (ticket, place) => seen.get(`c${ticket}/${place}`) ?? [],
    ofAsset: (asset) => seen.get(`a${asset}`) ?? []
  }
}

const ownerKey = (owner: FileOwner): string =>
  owner.kind === "ticket"
    ? `t${owner.ticket}`
    : owner.kind === "asset"
      ? `a${owner.asset}`
      : `c${owner.ticket}/${owner.place}`

/** Now and then the very same bytes as the file before, as people attach a thing twice. */
const repeats = (index: number): boolean => index % 17 === 6
const contentOf = (index: number): number => (repeats(index) ? index - 1 : index)
/** Two files of one name at one place, and yet not the same. */
const besides = (index: number): boolean => index % 23 === 9

const makeFile = (sources: Sources, index: number): File => {
  const content = contentOf(index)
  const pool = isInline(sources, content) ? pictures : names
  const [name, type] = random(sources.seed, places.attachment, content).pick(pool)
  const twin = besides(index) || besides(index + 1)
  return {
    index,
    id: attachmentNumbers.id(index),
    name: twin ? "image001.png" : name,
    type: twin ? "image/png" : type,
    size: sizeOf(sources, content, isInline(sources, content)),
    inline: isInline(sources, index),
    owner: ownerOf(sources, besides(index) ? index - 1 : index),
    trouble: troubleOf(sources, index)
  }
}

/** About one in nine, never the special ones in front, nor what belongs to an asset. */
const isInline = (sources: Sources, index: number): boolean =>
  index % 9 === 4 && index > 3 && !repeats(index) && !besides(index) && ownerOf(sources, index).kind !== "asset"

/** One is empty, one has a single byte, one is as large as the vendor takes; most are small. */
const sizeOf = ({ seed, count }: Sources, index: number, inline: boolean): number => {
  const draw = random(seed, places.attachment, index + 0x2000_0000)
  if (index === 0) return 0
  if (index === 1) return 1
  if (index === 2) return count >= 100 ? largest : 300_000
  if (index % 59 === 3) return 0
  const most = inline ? 120_000 : 1_500_000
  const size = Math.floor(Math.exp(Math.log(200) + draw.next() * Math.log(most / 200)))
  return !inline && count >= 100 && index % 25 === 12 ? draw.between(2_000_000, 12_000_000) : size
}

const ownerOf = ({ seed, count, tickets, assets, conversations }: Sources, index: number): FileOwner => {
  const draw = random(seed, places.attachment, index + 0x4000_0000)
  const ticket = Math.min(tickets - 1, Math.floor(((index + draw.next()) * tickets) / count))
  const chance = draw.next()
  if (chance < 0.07 && assets > 0) return { kind: "asset", asset: draw.below(assets) }
  const replies = conversations(ticket)
  return chance < 0.45 && replies > 0
    ? { kind: "conversation", ticket, place: draw.below(replies) }
    : { kind: "ticket", ticket }
}

/** One in 300 is gone for good, one in 100 comes at the third try; at least one of each from 20 files on. */
const troubleOf = ({ count }: Sources, index: number): Trouble | null => {
  if (count < 20) return null
  if (index % 300 === 11) return "gone"
  return index % 100 === 15 ? "flaky" : null
}
