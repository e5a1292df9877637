// Where the bytes of files are: an address on the account's own host that leads to signed storage elsewhere.
import { createHmac } from "node:crypto"
import { nowSecond } from "../Clock.ts"
import { type Answered, type Call, empty, type Reply, xml } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { couldNotAuthenticate, recordNotFound, tooManyRequests } from "./Errors.ts"
import { contentBucket } from "./Plans.ts"
import { accountNumber, isThere } from "./Uploads.ts"

export const isContent = (call: Call): boolean => call.path.startsWith("/attachments/token/")
export const isContentHost = (host: string): boolean => host.endsWith(".zdusercontent.com")

const lifeMillis = 600_000
const shortestMillis = 5000

const sign = (key: string, expires: number): string =>
  createHmac("sha256", "zendesk storage").update(`${key}/${expires}`).digest("base64url")

/** Anybody who has the address, unless the account keeps its files private. */
export const answerContent = (account: ZendeskAccount, call: Call, known: boolean): Reply => {
  if (account.options.privateAttachments && !known) return couldNotAuthenticate()
  const key = /^\/attachments\/token\/([\w-]+)\/$/.exec(call.path)?.[1] ?? ""
  const attachment = account.uploads.byKey.get(key)
  if (!isThere(account, attachment)) return recordNotFound()
  if (account.options.limits) {
    const charge = account.limits.charge(contentBucket(attachment.comment !== null), 1)
    if (!charge.allowed) return tooManyRequests(charge.resetsSeconds)
  }
  const expires = nowSecond(account.clock) + Math.ceil(Math.max(shortestMillis, account.clock.lasts(lifeMillis)) / 1000)
  const number = accountNumber(account.options.subdomain)
  return empty(302, {
    location: `https://p1.zdusercontent.com/attachment/${number}/${key}?token=${expires}.${sign(key, expires)}`,
    "cache-control": "no-store"
  })
}

export const answerContentHost = (accounts: Iterable<ZendeskAccount>, call: Call): Answered => {
  const [, number, key] = /^\/attachment\/(\d+)\/([\w-]+)$/.exec(call.path) ?? []
  const account = [...accounts].find(({ options }) => String(accountNumber(options.subdomain)) === number)
  const answered = (reply: Reply): Answered => ({
    reply,
    operation: "attachments.bytes",
    account: account?.options.subdomain ?? null
  })
  const attachment = account?.uploads.byKey.get(key ?? "")
  const [expires, signature] = (call.query.get("token") ?? "").split(".")
  if (account === undefined || attachment === undefined || signature !== sign(attachment.key, Number(expires)))
    return answered(xml(403, "<Error><Code>AccessDenied</Code></Error>"))
  if (Number(expires) < nowSecond(account.clock)) return answered(xml(403, "<Error><Code>AccessDenied</Code></Error>"))
  if (!isThere(account, attachment)) return answered(xml(404, "<Error><Code>NoSuchKey</Code></Error>"))
  return answered({
    status: 200,
    headers: {
      "content-type": attachment.contentType,
      "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(attachment.fileName)}`
    },
    body: attachment.file.bytes
  })
}
