// Addresses of files: signed ones on the storage host that die, and the ones bodies show their pictures from, that do not.
import { createHmac, timingSafeEqual } from "node:crypto"
import { type Clock, nowSecond } from "../Clock.ts"
import type { File } from "../corpus/Attachments.ts"
import type { FileLinks } from "../corpus/FileRows.ts"

/** The host every account's inline pictures come from. */
export const inlineHost = "attachment.freshservice.com"
export const storageHost = (host: string): string => `${host.split(".")[0]}.attachments.freshservice.com`

const storagePath = /^\/data\/helpdesk\/attachments\/production\/(\d+)\/original\//

/** However fast the clock, an address lives that long. */
const shortestMillis = 5000

const sign = (host: string, text: string): string =>
  createHmac("sha256", `storage of ${host}`).update(text).digest("base64url").replaceAll("_", "~")

export const makeFileLinks = (host: string, clock: Clock, lifeMillis: number): FileLinks => ({
  signed: (file) => {
    const expires = nowSecond(clock) + Math.ceil(Math.max(shortestMillis, clock.lasts(lifeMillis)) / 1000)
    const query = new URLSearchParams({
      "response-content-type": file.type,
      Expires: String(expires),
      Signature: sign(host, `${file.id}/${expires}`),
      "Key-Pair-Id": "APKAIPHBXWY2KT5RCMPQ"
    })
    const name = encodeURIComponent(file.name)
    return `https://${storageHost(host)}/data/helpdesk/attachments/production/${file.id}/original/${name}?${query}`
  },
  inline: (file) => shownAs(host, file)
})

/** Bodies name their pictures in all these ways; the last leads to the login page of who has no session. */
const shownAs = (host: string, file: File): string => {
  const picture = `/inline/attachment?token=${inlineToken(host, file)}`
  return [`https://${inlineHost}${picture}`, picture, `//${host}${picture}`, `/helpdesk/attachments/${file.id}`][
    file.index % 4
  ] as string
}

const part = (value: object): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url")

const inlineToken = (host: string, { id }: File): string => {
  const text = `${part({ typ: "JWT", alg: "HS256" })}.${part({ id, domain: host, type: 1 })}`
  return `${text}.${createHmac("sha256", `pictures of ${host}`).update(text).digest("base64url")}`
}

/** Whose picture a token shows, or null when it is not one of ours. */
export const readInlineToken = (token: string): { readonly domain: string; readonly id: number } | null => {
  const [head, payload, signature] = token.split(".")
  if (head === undefined || payload === undefined || signature === undefined) return null
  try {
    const { domain, id } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>
    if (typeof domain !== "string" || typeof id !== "number") return null
    const right = createHmac("sha256", `pictures of ${domain}`).update(`${head}.${payload}`).digest("base64url")
    return same(right, signature) ? { domain, id } : null
  } catch {
    return null
  }
}

/** The id of the file an address on the storage host names, when its signature is right and still alive. */
export const readSigned = (host: string, path: string, query: URLSearchParams, second: number): number | null => {
  const id = storagePath.exec(path)?.[1]
  const expires = query.get("Expires") ?? ""
  if (id === undefined || !same(sign(host, `${id}/${expires}`), query.get("Signature") ?? "")) return null
  return Number(expires) >= second ? Number(id) : null
}

const same = (right: string, given: string): boolean =>
  right.length === given.length && timingSafeEqual(Buffer.from(right), Buffer.from(given))
