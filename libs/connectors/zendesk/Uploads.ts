// Files on their way into Zendesk: uploaded, then named in the comment they belong to. Source: Zendesk API, "Attachments": a
// token lives 60 minutes and is used up by one comment; what no comment names is deleted.

import { splitHashes } from "@bridge/domain/Images"
import { type Answer, type Call, type JsonObject, Malformed } from "@bridge/http/Call"
import type { FileThere, Sink, Uploaded, UploadRefused, Uploads } from "../Connector.ts"
import { withImages } from "../ImageLinks.ts"
import { idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf, complaintOf, hintOf } from "./Answers.ts"
import { batchBytes, remove } from "./Calls.ts"
import type { Config } from "./Config.ts"

/** 50 MB is what is remembered of the documents; an account may have less, and then says so. */
const largestFile = 50 * 1024 * 1024
const lifeMillis = 60 * 60_000

const uploadCall = (name: string, mime: string, bytes: Uint8Array): Call => ({
  operation: "upload",
  method: "POST",
  path: "/api/v2/uploads",
  query: { filename: name },
  bytes,
  bytesType: mime,
  idempotent: false
})

const readUpload = (answer: Answer): Uploaded | UploadRefused => {
  if (answer.status >= 300) {
    const { code, message } = complaintOf(answer)
    return { _tag: "UploadRefused", code, message, hint: hintOf(answer.status, code) }
  }
  const upload = objectOf(bodyOf(answer).upload)
  const token = textOf(upload.token)
  if (token === null || token === "") throw new Malformed("the answer holds no token")
  const file = objectOf(upload.attachment ?? listOf(upload.attachments)[0])
  return { _tag: "Uploaded", token, fileId: idOf(file.id), url: textOf(file.content_url) }
}

/** The comments of an import with the uploads that belong to them; images in their texts show the uploaded ones. */
export const uploads: Uploads<Config> = {
  bytes: largestFile,
  lifeMillis,
  call: (_config, { mime, name }, bytes) => uploadCall(name, mime, bytes),
  read: readUpload,
  attach: (body, files) => {
    if (files.length === 0) return body
    const comments = listOf(body.comments).map((comment, at): JsonObject => {
      const mine = files.filter(([file]) => file.comment === at)
      const given = objectOf(comment)
      if (mine.length === 0) return given
      const urls = new Map(
        mine.flatMap(([{ urlHash }, { url }]) =>
          urlHash === null || url === null ? [] : splitHashes(urlHash).map((hash) => [hash, url] as const)
        )
      )
      const html = textOf(given.html_body)
      return {
        ...given,
        ...(html !== null && urls.size > 0 && { html_body: withImages(html, urls) }),
        uploads: [...listOf(given.uploads), ...mine.map(([, { token }]) => token)]
      }
    })
    return { ...body, comments }
  },
  // Pictures shown in a text are not among the files of a comment unless asked for.
  listing: (comments) => ({ ...comments, query: { ...comments.query, include_inline_images: true } }),
  files: (comment) =>
    listOf(comment.attachments)
      .map(objectOf)
      .filter((file) => file.deleted !== true)
      .flatMap((file): ReadonlyArray<FileThere> => {
        const id = idOf(file.id)
        if (id === null) return []
        const size = typeof file.size === "number" ? file.size : -1
        return [{ id, name: textOf(file.file_name) ?? "", size, url: textOf(file.content_url) }]
      })
}

/** `bridge connector write --stream uploads`: `{filename, content_type, content}` with the bytes as base64. */
export const uploadSink: Sink<Config> = {
  entity: "attachment",
  stream: "uploads",
  parts: [],
  batchSize: 1,
  batchBytes,
  naturalKeyOnly: true,
  createOne: (_config, { body, sourceId }) =>
    uploadCall(
      textOf(body.filename) ?? textOf(body.file_name) ?? sourceId,
      textOf(body.content_type) ?? "application/octet-stream",
      Buffer.from(textOf(body.content) ?? "", "base64")
    ),
  readAnswer: (_config, writes, answer) => {
    if (answer.status >= 500)
      return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Unknown", message: `status ${answer.status}` })) }
    const read = readUpload(answer)
    return {
      _tag: "Results",
      outcomes: writes.map(() =>
        read._tag === "Uploaded"
          ? { _tag: "Created", destinationId: read.token }
          : { _tag: "Failed", code: read.code, message: read.message, hint: read.hint }
      )
    }
  },
  lookup: [],
  readBack: { stream: "ticket_comments", lagMillis: 0, sourceKey: () => null },
  remove: (_config, token) => remove("deleteUpload", `/api/v2/uploads/${encodeURIComponent(token)}`)
}
