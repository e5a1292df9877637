// Files sent to Zendesk: a token for one or several of them that dies after an hour and that one comment may use once.
import { createHash, randomBytes } from "node:crypto"
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, header, json, type Reply } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route } from "./Context.ts"
import { badRequest, type Details, fault, fileTooLarge, recordNotFound } from "./Errors.ts"
import type { Comment } from "./Model.ts"
import { attachmentRow } from "./Rows.ts"
import type { Attachment, Upload } from "./UploadModel.ts"
import { written } from "./Written.ts"

/** Sent, and neither used nor deleted nor too old. */
const isOpen = (account: ZendeskAccount, upload: Upload | undefined): upload is Upload =>
  upload?.state === "open" && account.clock.now() < upload.endsAt

/** A file somebody can still see: on a comment, or with a token that lives. */
export const isThere = (account: ZendeskAccount, attachment: Attachment | undefined): attachment is Attachment =>
  attachment !== undefined && (attachment.comment !== null || isOpen(account, attachment.upload))

const begin = (account: ZendeskAccount, requestId: string): Upload => {
  const upload: Upload = {
    token: randomBytes(12).toString("base64url").toLowerCase().replaceAll(/[-_]/g, "0"),
    attachments: [],
    endsAt: account.clock.now() + account.clock.lasts(account.options.uploadLifeMillis),
    state: "open",
    requestId
  }
  account.uploads.byToken.set(upload.token, upload)
  return upload
}

const send = (context: Context): Reply => {
  const { account, call } = context
  const fileName = call.query.get("filename") ?? ""
  if (fileName === "") return badRequest("Parameter filename is required")
  const file = call.file
  if (file === null) return badRequest("The file is missing")
  if (file.bytes.size > account.options.uploadBytes) return fileTooLarge(account.options.uploadBytes)
  const token = call.query.get("token")
  const known = token === null ? undefined : account.uploads.byToken.get(token)
  if (token !== null && !isOpen(account, known)) return recordNotFound()
  const upload = known ?? begin(account, call.requestId)
  const attachment: Attachment = {
    id: account.nextId("attachment"),
    fileName,
    contentType: header(call, "content-type") ?? "application/octet-stream",
    file,
    key: randomBytes(18).toString("base64url"),
    createdAt: isoSecond(nowSecond(account.clock)),
    upload,
    ticket: null,
    comment: null,
    inline: false
  }
  upload.attachments.push(attachment)
  account.uploads.attachments.set(attachment.id, attachment)
  account.uploads.byKey.set(attachment.key, attachment)
  written(context, "upload.create", attachment.id, { token: upload.token, ...told(attachment) })
  const rows = upload.attachments.map((sent) => attachmentRow(account, sent))
  return json(201, {
    upload: {
      token: upload.token,
      expires_at: new Date(upload.endsAt).toISOString().replace(/\.\d+Z$/, "Z"),
      attachment: rows.at(-1),
      attachments: rows
    }
  })
}

/** What a ledger line says of a file. */
export const told = ({ id, fileName, contentType, file }: Attachment): Record<string, unknown> => ({
  attachment_id: id,
  file_name: fileName,
  content_type: contentType,
  size: file.bytes.size,
  sha256: file.sha256
})

const remove = (context: Context): Reply => {
  const upload = context.account.uploads.byToken.get(context.parts[0] ?? "")
  if (!isOpen(context.account, upload)) return recordNotFound()
  upload.state = "deleted"
  written(context, "upload.delete", upload.attachments[0]?.id ?? 0, { token: upload.token })
  return empty(204)
}

/** What the call with this number sent is as old as a token can get. */
export const expireUploads = (account: ZendeskAccount, requestId: string): void => {
  for (const upload of account.uploads.byToken.values())
    if (upload.requestId === requestId) upload.endsAt = Math.min(upload.endsAt, account.clock.now())
}

/** A token that is unknown, dead, used, or used twice in one ticket is a fault of the row, or goes without a word. */
export const checkUploads = (account: ZendeskAccount, comments: ReadonlyArray<Comment>, details: Details): void => {
  if (account.options.lostUploads === "ignore") return
  const seen = new Set<string>()
  for (const token of comments.flatMap((comment) => comment.uploads)) {
    if (!seen.has(token) && isOpen(account, account.uploads.byToken.get(token))) seen.add(token)
    else fault(details, "uploads", `Uploads: ${token} is invalid`, "InvalidValue")
  }
}

/** The comment takes the files of its tokens; a picture its body shows is inline. */
export const takeUploads = (account: ZendeskAccount, ticket: number, comment: Comment): ReadonlyArray<Attachment> => {
  const taken: Array<Attachment> = []
  for (const token of comment.uploads) {
    const upload = account.uploads.byToken.get(token)
    if (!isOpen(account, upload)) continue
    upload.state = "used"
    for (const attachment of upload.attachments) {
      attachment.ticket = ticket
      attachment.comment = comment.id
      attachment.inline = comment.html?.includes(`/attachments/token/${attachment.key}/`) ?? false
      taken.push(attachment)
    }
  }
  return taken
}

const view = ({ account, id }: Context): Reply => {
  const attachment = account.uploads.attachments.get(id)
  return isThere(account, attachment) ? json(200, { attachment: attachmentRow(account, attachment) }) : recordNotFound()
}

/** A number for an account that says nothing about its name. */
export const accountNumber = (subdomain: string): number =>
  Number.parseInt(createHash("md5").update(subdomain).digest("hex").slice(0, 6), 16)

export const uploadRoutes: ReadonlyArray<Route> = [
  route("POST", "uploads.create", "uploads", send),
  route("DELETE", "uploads.delete", "uploads/([A-Za-z0-9]+)", remove),
  route("GET", "attachments.view", "attachments/{id}", view)
]
