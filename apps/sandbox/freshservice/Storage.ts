// The hosts that hand out files: no API key, no limit, no JSON. Signed addresses, redirects of pictures, and files that
// cannot be had, for a while or for good.

import { firstBytes } from "../Bytes.ts"
import { nowSecond } from "../Clock.ts"
import { type Answered, type Call, empty, header, html, type Reply, xml } from "../Reply.ts"
import { type FreshserviceAccount, freshserviceHost } from "./Account.ts"
import { inlineHost, readInlineToken, readSigned } from "./FileLinks.ts"

/** A call whose host is one of the storage's, not of an account's API. */
export const isStorage = (host: string): boolean =>
  host === inlineHost || host.endsWith(".attachments.freshservice.com")

const fault = (status: number, code: string, message: string): Reply =>
  xml(
    status,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  )

export const accessDenied = (): Reply => fault(403, "AccessDenied", "Access denied")

export const answerStorage = (accounts: ReadonlyMap<string, FreshserviceAccount>, call: Call): Answered => {
  if (call.host === inlineHost) return inline(accounts, call)
  const account = accounts.get(freshserviceHost(call.host.split(".")[0] as string))
  const answered = (reply: Reply): Answered => ({
    reply,
    operation: "attachments.download",
    account: account?.options.domain ?? null
  })
  if (call.method !== "GET") return answered(fault(405, "MethodNotAllowed", "The specified method is not allowed"))
  // Storage that is shown two ways of proving who calls refuses; so no key of an API ever goes there unnoticed.
  if (header(call, "authorization") !== undefined)
    return answered(fault(400, "InvalidArgument", "Only one auth mechanism allowed"))
  if (account === undefined) return answered(accessDenied())
  const id = readSigned(account.host, call.path, call.query, nowSecond(account.clock))
  return answered(id === null ? accessDenied() : file(account, call, id))
}

const triesThatFail = 2

const file = (account: FreshserviceAccount, call: Call, id: number): Reply => {
  const { files } = account.corpus
  const index = files.index(id)
  if (index < 0 || files.file(index).trouble === "gone")
    return fault(404, "NoSuchKey", "The specified key does not exist.")
  const found = files.file(index)
  const tries = (account.downloads.get(index) ?? 0) + 1
  account.downloads.set(index, tries)
  if (found.trouble === "flaky" && tries <= triesThatFail)
    return fault(503, "SlowDown", "Please reduce your request rate.")
  const bytes = files.bytes(index)
  const headers = {
    "content-type": call.query.get("response-content-type") ?? found.type,
    "accept-ranges": "bytes",
    etag: `"${id.toString(16)}-${bytes.size.toString(16)}"`,
    server: "AmazonS3"
  }
  const from = Number(/^bytes=(\d+)-$/.exec(header(call, "range") ?? "")?.[1] ?? 0)
  if (from === 0) return { status: 200, headers, body: bytes }
  if (from >= bytes.size) return { ...fault(416, "InvalidRange", "The requested range is not satisfiable") }
  const rest = firstBytes(bytes, bytes.size)
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${from}-${bytes.size - 1}/${bytes.size}` },
    body: { size: bytes.size - from, read: (a, b) => rest.read(from + a, from + b) }
  }
}

const pagesOfPeople = /^\/(?:inline\/attachment|helpdesk\/attachments\/\d+|support\/login)$/

/** What an account shows to browsers: pictures to everybody, files to who has a session, which no API key is. */
export const answerPortal = (accounts: ReadonlyMap<string, FreshserviceAccount>, call: Call): Answered | null => {
  if (!pagesOfPeople.test(call.path) || call.method !== "GET") return null
  if (call.path === "/inline/attachment") return inline(accounts, call)
  const account = accounts.get(call.host)?.options.domain ?? null
  const reply =
    call.path === "/support/login"
      ? html(200, "<!DOCTYPE html><html><body><h1>Log in to your helpdesk</h1></body></html>")
      : empty(302, { location: `https://${call.host}/support/login` })
  return { reply, operation: "portal", account }
}

/** A picture's address never dies; it leads to one that does. */
const inline = (accounts: ReadonlyMap<string, FreshserviceAccount>, call: Call): Answered => {
  const token = call.path === "/inline/attachment" ? readInlineToken(call.query.get("token") ?? "") : null
  const account = token === null ? undefined : accounts.get(token.domain)
  const index = account?.corpus.files.index(token?.id ?? -1) ?? -1
  const answered = (reply: Reply): Answered => ({
    reply,
    operation: "attachments.inline",
    account: account?.options.domain ?? null
  })
  if (account === undefined || index < 0) return answered(empty(404))
  return answered(empty(302, { location: account.links.signed(account.corpus.files.file(index)) }))
}
