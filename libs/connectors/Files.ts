// Rows made of what a vendor gave and what we found out: lists put into their row, files with what became of their bytes. The
// vendor's own bytes are never printed anew: members are added behind them. Pure. For Engine.ts and connectors.
import { createHash } from "node:crypto"
import { imagesIn, joinedHashes, urlHash } from "@bridge/domain/Images"
import { isHtml } from "@bridge/http/Download"
import { Result } from "effect"
import type { Call, JsonObject } from "./Connector.ts"
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
  /** What an address without a host belongs to. */
  readonly base: string
  /** Others stay links to wherever they are. */
  readonly isVendors: (url: URL) => boolean
  /** The id of the file, where the address tells it. */
  readonly idIn: (url: URL) => string | null
  /** How a file of the account's own is asked for by its id, with its credentials. */
  readonly through?: (id: string) => Call
  /** True for the address of a file that is the account's own. */
  readonly isAccounts?: (url: URL) => boolean
}

/** A picture as a text names it. */
interface Shown {
  readonly hash: string
  /** Null: a part of a mail (`cid:`), of which nothing but the name was kept. */
  readonly url: URL | null
  readonly isVendors: boolean
  readonly dataId: string | null
}

/** A text names one file under no more addresses than this. */
const mostHashes = 50

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
  const pictures = new Map(html === null ? [] : picturesIn(html, rules).map((one) => [one.hash, one]))
  const refs = attachments.map((one): FileRef => {
    const canonical = textOf(one.canonical_url)
    const url = textOf(one.attachment_url) ?? textOf(one.url) ?? canonical
    const own = idOf(one.id)
    const shown = [...pictures.values()]
      .filter((picture) => shows(picture, own, [url, canonical], rules))
      .slice(0, mostHashes)
    for (const { hash } of shown) pictures.delete(hash)
    const { attachment_url: _url, canonical_url: _page, thumb_url: _thumb, url: _other, token: _token, ...rest } = one
    const id = own ?? sha(JSON.stringify(rest)).slice(0, 24)
    const hash = shown.length === 0 ? null : joinedHashes(shown.map((picture) => picture.hash))
    return { ...refOf(owner, id, rest, url, hash), otherwise: own === null ? null : (rules.through?.(own) ?? null) }
  })
  const left = [...pictures.values()].filter(({ isVendors, url }) => isVendors || url === null)
  return [...refs, ...left.map((picture) => pictureRef(owner, picture, rules))]
}

/** The vendor's own, parts of mails, and what may turn out to be an attachment; each address once. */
const picturesIn = (html: string, rules: PictureRules): ReadonlyArray<Shown> =>
  imagesIn(html).flatMap(({ dataId, src }): ReadonlyArray<Shown> => {
    const given = { hash: urlHash(src), dataId }
    if (/^cid:/iu.test(src)) return [{ ...given, url: null, isVendors: false }]
    if (!URL.canParse(src, rules.base)) return []
    const url = new URL(src, rules.base)
    if (url.protocol !== "https:" && url.protocol !== "http:") return []
    const isVendors = rules.isVendors(url)
    if (isVendors) url.protocol = "https:"
    return [{ ...given, url, isVendors }]
  })

const shows = (
  { dataId, isVendors, url }: Shown,
  id: string | null,
  places: ReadonlyArray<string | null>,
  { idIn }: PictureRules
): boolean =>
  (id !== null && (dataId === id || (isVendors && url !== null && idIn(url) === id))) ||
  (url !== null && places.some((place) => place !== null && samePlace(url.href, place)))

const pictureRef = (owner: Owner, { dataId, hash, url }: Shown, rules: PictureRules): FileRef => {
  const id = `inline-${sha(`${owner.of}/${owner.parent}/${hash}`).slice(0, 24)}`
  const name = url === null ? "image" : nameIn(url)
  const native = url === null || rules.isAccounts?.(url) !== true ? null : (rules.idIn(url) ?? dataId)
  const otherwise = native === null || !/^\d+$/u.test(native) ? null : (rules.through?.(native) ?? null)
  return { ...refOf(owner, id, { name }, url?.href ?? null, hash), otherwise }
}

const refOf = (
  owner: Owner,
  id: string,
  attachment: JsonObject,
  url: string | null,
  hash: string | null
): Omit<FileRef, "otherwise"> => {
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

/** Signatures and times in the query differ from one answer to the next. */
const samePlace = (a: string, b: string): boolean => placeOf(a) === placeOf(b)

const placeOf = (text: string): string => {
  if (!URL.canParse(text)) return text
  const { host, pathname, search } = new URL(text)
  // A path that is the same for all files tells nothing without its query.
  return /\d/u.test(pathname) ? host + pathname : host + pathname + search
}

/** The last part of the path where it looks like a file's name. */
const nameIn = ({ pathname }: URL): string => {
  const last = decodeSafely(pathname.split("/").at(-1) ?? "")
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
