// Files as rows name them: the list of an owner, and the picture in a body.
import { isoSecond } from "../Clock.ts"
import type { File } from "./Attachments.ts"
import type { Row } from "./People.ts"

export type FileLinks = {
  /** Where the bytes are for a while. */
  readonly signed: (file: File) => string
  /** What a body shows a picture from. */
  readonly inline: (file: File) => string
}

/** For a corpus that nobody serves. */
export const plainLinks = (domain: string): FileLinks => ({
  signed: (file) => `https://${domain}/files/${file.id}`,
  inline: (file) => `https://${domain}/inline/${file.id}`
})

export const fileRows = (links: FileLinks, files: ReadonlyArray<File>, created: number): ReadonlyArray<Row> =>
  files
    .filter((file) => !file.inline)
    .map((file) => ({
      id: file.id,
      content_type: file.type,
      size: file.size,
      name: file.name,
      attachment_url: links.signed(file),
      created_at: isoSecond(created),
      updated_at: isoSecond(created)
    }))

/** Every fifth picture stands there twice, and every seventh beside one that is somebody else's. */
export const withPictures = (links: FileLinks, html: string, files: ReadonlyArray<File>): string => {
  let shown = html
  for (const file of files) {
    if (!file.inline) continue
    const picture = `<img src="${links.inline(file)}" class="inline-image" data-id="${file.id}" data-store-type="1" style="width: auto;">`
    const foreign = file.index % 7 === 0 ? '<img src="https://www.acme.example/logo.png?a=1&amp;b=2" alt="Logo">' : ""
    shown += `<div>${picture}${foreign}${file.index % 5 === 0 ? `<br>${picture}` : ""}</div>`
  }
  return shown
}
