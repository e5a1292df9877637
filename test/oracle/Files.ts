// Files at both ends: which hang at a ticket or its comments, what their bytes are, and whether each is where it belongs.
// Bytes are compared by SHA-256: the sandbox's over what it gave out, and over what it was sent. For Compare.ts, Picture.ts.
import type { Claims } from "./Claims.ts"
import type { Findings } from "./Findings.ts"
import type { SourceFile } from "./SourceRows.ts"
import type { FoundComment, Truth } from "./Truth.ts"
import type { Writes } from "./Writes.ts"

export interface Files {
  /** Of a ticket and its comments. */
  readonly ofTicket: (ticket: number) => ReadonlyArray<SourceFile>
  /** The bytes of a picture within a text; undefined for one that nobody can have. */
  readonly picture: (id: number) => string | undefined
  /** The bytes of a file at the destination. */
  readonly found: (id: number) => string
}

export const readFiles = async ({ truth, findings, claims }: Of): Promise<Files> => {
  const byTicket = new Map<number, Array<SourceFile>>()
  const pictures = new Map<number, string>()
  const found = new Map<number, string>()
  for await (const file of truth.corpus("attachment")) {
    findings.counts.attachment.source++
    if (file.inline && file.available) pictures.set(file.id, file.sha256)
    if (file.ticket_id === null) judge({ findings, claims }, file, true, false)
    else byTicket.set(file.ticket_id, [...(byTicket.get(file.ticket_id) ?? []), file])
  }
  for await (const { id, sha256 } of truth.destination("attachment")) found.set(id, sha256)
  return {
    ofTicket: (ticket) => byTicket.get(ticket) ?? [],
    picture: (id) => pictures.get(id),
    found: (id) => found.get(id) ?? "nothing"
  }
}

interface Of {
  readonly truth: Truth
  readonly claims: Claims
  readonly findings: Findings
}

/** Files of a ticket, judged like it: those whose bytes nobody can have, and assets' files, are left out as well. */
export const judgeFiles = (
  of: Pick<Of, "claims" | "findings">,
  writes: Writes,
  files: ReadonlyArray<SourceFile>,
  out: boolean,
  fails: boolean
): ReadonlyArray<SourceFile> => {
  const wanted: Array<SourceFile> = []
  for (const file of files) {
    judge(of, file, out || !file.available, fails)
    // A ticket that is refused was sent all the same, and its files before it.
    if (!out && file.available) writes.explain("upload", file.sha256)
    if (!out && !fails && file.available) wanted.push(file)
  }
  return wanted
}

/** Pictures within texts have no name in the source that Bridge could keep: only their number is compared. */
const judge = (
  { claims, findings }: Pick<Of, "claims" | "findings">,
  { id, inline, parent }: SourceFile,
  out: boolean,
  fails: boolean
): void => {
  const counts = findings.counts.attachment
  if (out) counts.excluded++
  else if (fails) counts.failed++
  if (inline) return
  const { excluded, failed } = claims.records.attachment
  const key = `${parent === "asset" ? "asset_attachments" : "attachments"}/${id}`
  if (out !== excluded.has(key))
    findings.problem(`attachment ${id}: is ${out ? "not " : ""}left out (${excluded.get(key) ?? "no reason"})`)
  if (!out && fails !== failed.has(key))
    findings.problem(`attachment ${id}: ${fails ? "must fail and did not" : `failed (${failed.get(key)})`}`)
}

/** Where a file is, and what: the comment by its time and author, the name unless it is a picture within the text, the bytes. */
export interface Placed {
  readonly at: string
  readonly name: string | null
  readonly sha256: string
}

export const placeOf = (comment: { readonly created_at: string; readonly author: number }): string =>
  `${comment.created_at} ${comment.author}`

export const filesFound = (
  comments: ReadonlyArray<FoundComment>,
  files: Files,
  second: (instant: string) => string
): ReadonlyArray<Placed> =>
  comments.flatMap(({ attachments, author_id, created_at }) =>
    (attachments ?? []).map(({ file_name, id, inline }) => ({
      at: placeOf({ created_at: second(created_at), author: author_id }),
      name: inline ? null : file_name,
      sha256: files.found(id)
    }))
  )

/** Every file once at its place, byte for byte, and none beside. */
export const compareFiles = (
  findings: Findings,
  owner: string,
  expected: ReadonlyArray<Placed & { readonly id: number }>,
  found: ReadonlyArray<Placed>
): void => {
  const left = [...found]
  const take = (like: (one: Placed) => boolean): Placed | undefined => {
    const at = left.findIndex(like)
    return at < 0 ? undefined : left.splice(at, 1)[0]
  }
  const unlike = expected.filter(
    (file) => take((one) => one.at === file.at && one.name === file.name && one.sha256 === file.sha256) === undefined
  )
  for (const { id, ...file } of unlike) {
    const other =
      take((one) => one.sha256 === file.sha256) ?? take((one) => one.at === file.at && one.name === file.name)
    if (other === undefined) findings.missing("attachment", id, `is not at ${owner} at the destination`)
    else if (other.sha256 !== file.sha256) findings.changed("attachment", id, "SHA-256", file.sha256, other.sha256)
    else if (other.at !== file.at) findings.changed("attachment", id, "comment", file.at, other.at)
    else findings.changed("attachment", id, "name", file.name, other.name)
  }
  for (const { name, sha256 } of left)
    findings.doubled("attachment", name ?? "picture", 1, `with ${sha256} is at ${owner} and must not be there`)
}

const image = /<img\b[^>]*>/gi
const address = /\ssrc="([^"]*)"/i

/** Pictures by their bytes, so that texts can be compared whose pictures have moved. */
export const withBytes = (html: string, bytesOf: (tag: string, src: string) => string | undefined): string =>
  !html.includes("<img")
    ? html
    : html.replaceAll(image, (tag) => {
        const src = address.exec(tag)?.[1]?.replaceAll("&amp;", "&") ?? ""
        const sha256 = bytesOf(tag, src)
        return sha256 === undefined ? tag : tag.replace(address, ` src="picture ${sha256}"`)
      })
