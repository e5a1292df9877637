// The files of Freshservice rows: attachments of tickets, conversations, problems, changes, their notes and assets, and
// pictures in their texts. Pure. Source: Freshservice API v2, "attachments" of each resource: `attachment_url` is signed and
// expires. Where pictures in texts lie is not documented; hosts and paths were seen in texts.
import { hostMatches } from "@bridge/http/Addresses"
import { Result } from "effect"
import type { JsonObject } from "../Connector.ts"
import { attachmentsOf, filesIn, type Owner, type PictureRules } from "../Files.ts"
import type { FileRef, Row } from "../Row.ts"
import { idOf, objectOf, textOf } from "../Values.ts"
import type { Config } from "./Config.ts"

/** The streams of files, by the root that they are written with. */
export const fileStreams = {
  ticket: "attachments",
  problem: "problem_attachments",
  change: "change_attachments",
  asset: "asset_attachments"
} as const

type Root = keyof typeof fileStreams

/** Files of a root's own row. */
export const filesOfRoot = (root: Root) => ({
  to: fileStreams[root],
  of: (config: Config, row: Row): ReadonlyArray<FileRef> =>
    filesOf(
      config,
      row,
      { to: fileStreams[root], of: root, parent: row.sourceId, root, rootId: row.sourceId },
      "description"
    )
})

/** Files of a conversation or note, which go with its root. */
export const filesOfComment = (root: Exclude<Root, "asset">) => ({
  to: fileStreams[root],
  of: (config: Config, row: Row): ReadonlyArray<FileRef> =>
    row.parentId === undefined
      ? []
      : filesOf(
          config,
          row,
          { to: fileStreams[root], of: "comment", parent: row.sourceId, root, rootId: row.parentId },
          "body"
        )
})

const filesOf = (config: Config, row: Row, owner: Owner, text: string): ReadonlyArray<FileRef> => {
  if (!mayHave(row.json)) return []
  const parsed = parsedOf(row.json)
  return filesIn(owner, attachmentsOf(parsed), textOf(parsed[text]), rulesOf(config))
}

/** Most rows have none: a look at the bytes is quicker than reading the row. */
const mayHave = (json: Buffer): boolean => marks.some((mark) => json.includes(mark)) || hasAttachments(json)

/** True when a list of that name is not empty. */
const hasAttachments = (json: Buffer): boolean => {
  for (let at = json.indexOf(list); at >= 0; at = json.indexOf(list, at + list.length)) {
    const head = json.subarray(at + list.length, at + list.length + 64).toString("latin1")
    if (/^\s*:\s*\[\s*[^\]\s]/u.test(head)) return true
  }
  return false
}

const list = '"attachments"'

const marks = ["<img", "<IMG", "\\u003cimg", "\\u003CIMG", "\\u003Cimg"]

const parsedOf = (json: Buffer): JsonObject =>
  Result.getOrElse(
    Result.try(() => objectOf(JSON.parse(json.toString("utf8")))),
    () => ({})
  )

const rulesOf = ({ domain }: Config): PictureRules => ({
  base: `https://${domain}/`,
  isVendors: (url) => url.hostname === domain || isOurs(url),
  idIn,
  // An id in another account's address is a file of that account's.
  isAccounts: (url) => (tokenIn(url) === null ? url.hostname === domain : textOf(tokenIn(url)?.domain) === domain),
  // Known from clients only; whether it gives the bytes or leads to them is not documented.
  through: (id) => ({
    operation: "viewAttachment",
    method: "GET",
    path: `/api/v2/attachments/${encodeURIComponent(id)}`,
    file: true,
    idempotent: true
  })
})

/** Pictures that die with the account, also under a host name of the customer's own; those of other sites stay where they are. */
const isOurs = (url: URL): boolean => {
  const { hostname, pathname } = url
  const vendors = ["*.freshservice.com", "*.freshdesk.com", "*.freshworks.com"].some((one) =>
    hostMatches(hostname, one)
  )
  if (vendors) return /attachment/iu.test(pathname) || /^attachments?\./iu.test(hostname)
  if (hostMatches(hostname, "*.amazonaws.com")) return /\/helpdesk\/attachments\//iu.test(pathname)
  return (
    /^\/helpdesk\/attachments\/\d+$/iu.test(pathname) || (pathname === "/inline/attachment" && tokenIn(url) !== null)
  )
}

const idIn = (url: URL): string | null =>
  idOf(tokenIn(url)?.id) ?? /\/attachments\/(?:production\/)?(\d+)(?:\/|$)/iu.exec(url.pathname)?.[1] ?? null

/** Tokens of pictures were seen to be signed objects with the id of the attachment, and the account's host. */
const tokenIn = (url: URL): JsonObject | null => {
  const [, payload] = url.searchParams.get("token")?.split(".") ?? []
  return payload === undefined ? null : parsedOf(Buffer.from(payload, "base64url"))
}
