// Rows made of what a vendor gave and what we found out: lists put into their row, files with what became of their bytes. The
// vendor's own bytes are never printed anew: members are added behind them. Pure. For Engine.ts and connectors.
import { createHash } from "node:crypto"
import { imagesIn, urlHash } from "@bridge/domain/Images"
import { isHtml } from "@bridge/http/Download"
import { Result } from "effect"
import type { JsonObject } from "./Connector.ts"
import type { FileOutcome, FileRef, Row } from "./Row.ts"
import { idOf, listOf, objectOf, textOf, timeOf } from "./Values.ts"

/** The row with a member more, behind its last one. */
export const withMember = (row: Row, key: string, value: Buffer): Row => {
  const end = row.json.lastIndexOf("}")
  const head = row.json.subarray(0, end)
  const empty = /^\s*\{\s*$/u.test(head.subarray(0, 64).toString("latin1")) && head.length < 64
  const name = Buffer.from(`${empty ? "" : ","}${JSON.stringify(key)}:`)
  return { ...row, json: Buffer.concat([head, name, value, row.json.subarray(end)]), given: row.given ?? end }
}

/** The row as the vendor's own answer has it: without what was put behind its members. */
export const vendorJson = ({ given, json }: Row): Buffer =>
  given === undefined ? json : Buffer.concat([json.subarray(0, given), json.subarray(json.lastIndexOf("}"))])

/** The row with these lists as members; a row that has such a member already keeps both, and the last one counts. */
export const withLists = (row: Row, lists: ReadonlyArray<readonly [string, ReadonlyArray<Buffer>]>): Row =>
  lists.reduce((whole, [key, items]) => (items.length === 0 ? whole : withMember(whole, key, listJson(items))), row)

const listJson = (items: ReadonlyArray<Buffer>): Buffer =>
  Buffer.concat([
    Buffer.from("["),
    ...items.flatMap((item, i) => (i === 0 ? [item] : [Buffer.from(","), item])),
    Buffer.from("]")
  ])

/** The row of a file with what became of its bytes as member `file`. */
export const fileRow = (row: Row, outcome: FileOutcome): Row =>
  withMember(row, "file", Buffer.from(JSON.stringify(outcome)))

/** Whose files they are: the record that names them, and the root it is written with. */
export interface Owner {
  /** The stream that stands for them. */
  readonly to: string
  readonly of: "ticket" | "comment" | "problem" | "change" | "asset"
  /** Native id of the owner. */
  readonly parent: string
  readonly root: "ticket" | "problem" | "change" | "asset"
  readonly rootId: string
}

/** What a vendor's own pictures are known by. */
export interface PictureRules {
  /** Others stay links to wherever they are. */
  readonly isVendors: (url: URL) => boolean
  /** The id of the file, where the address tells it. */
  readonly idIn: (url: URL) => string | null
}

/**
 * The files of a row: its attachments, and pictures in its text that are the vendor's own. A picture that is one of the
 * attachments is that one, marked inline. The vendor's object goes into the row without its addresses, which are secrets.
 */
export const filesIn = (
  owner: Owner,
  attachments: ReadonlyArray<JsonObject>,
  html: string | null,
  rules: PictureRules
): ReadonlyArray<FileRef> => {
  const pictures = new Map(
    html === null ? [] : imagesIn(html).flatMap(({ src }) => (isPicture(src, rules) ? [[urlHash(src), src]] : []))
  )
  const refs = attachments.map((one): FileRef => {
    const url = textOf(one.attachment_url) ?? textOf(one.url)
    const own = idOf(one.id)
    const shown = [...pictures].find(
      ([, src]) => (url !== null && samePlace(src, url)) || (own !== null && rules.idIn(new URL(src)) === own)
    )
    if (shown !== undefined) pictures.delete(shown[0])
    const { attachment_url: _url, thumb_url: _thumb, url: _other, token: _token, ...rest } = one
    const id = own ?? sha(JSON.stringify(rest)).slice(0, 24)
    return refOf(owner, id, rest, url, shown?.[0] ?? null)
  })
  const inline = [...pictures].map(([hash, src]) =>
    refOf(owner, `inline-${sha(`${owner.of}/${owner.parent}/${hash}`).slice(0, 24)}`, { name: nameIn(src) }, src, hash)
  )
  return [...refs, ...inline]
}

const refOf = (owner: Owner, id: string, attachment: JsonObject, url: string | null, hash: string | null): FileRef => {
  const sourceId = `${owner.to}/${id}`
  const json = {
    id,
    of: owner.of,
    parent: owner.parent,
    root: owner.root,
    root_id: owner.rootId,
    url_hash: hash,
    attachment
  }
  const size = Number(textOf(attachment.size) ?? Number.NaN)
  return {
    url,
    size: Number.isSafeInteger(size) ? size : null,
    isPage:
      isHtml(textOf(attachment.content_type) ?? undefined) ||
      /\.(?:s?html?|xhtml?)$/iu.test(textOf(attachment.name) ?? ""),
    row: {
      sourceId,
      parentId: owner.rootId,
      version: timeOf(attachment.updated_at) ?? "",
      op: "upsert",
      json: Buffer.from(JSON.stringify(json))
    }
  }
}

const isPicture = (src: string, { isVendors }: PictureRules): boolean =>
  URL.canParse(src) && new URL(src).protocol === "https:" && isVendors(new URL(src))

/** Signatures and times in the query differ from one answer to the next. */
const samePlace = (a: string, b: string): boolean => placeOf(a) === placeOf(b)

const placeOf = (text: string): string => {
  if (!URL.canParse(text)) return text
  const { host, pathname, search } = new URL(text)
  // A path that is the same for all files tells nothing without its query.
  return /\d/u.test(pathname) ? host + pathname : host + pathname + search
}

/** The last part of the path where it looks like a file's name. */
const nameIn = (src: string): string => {
  const last = decodeSafely(new URL(src).pathname.split("/").at(-1) ?? "")
  return /^[^/\\]{1,200}\.[a-z0-9]{1,8}$/iu.test(last) ? last : "image"
}

const decodeSafely = (text: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(text)),
    () => text
  )

const sha = (text: string): string => createHash("sha256").update(text).digest("hex")

/** The attachments of a row as objects. */
export const attachmentsOf = (row: JsonObject): ReadonlyArray<JsonObject> =>
  listOf(row.attachments)
    .map(objectOf)
    .filter((one) => Object.keys(one).length > 0)
