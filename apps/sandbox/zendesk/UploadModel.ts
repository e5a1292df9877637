// Files and the tokens they came with, as they are kept.
import type { SentFile } from "../Reply.ts"

export type Attachment = {
  readonly id: number
  readonly fileName: string
  readonly contentType: string
  readonly file: SentFile
  /** What its address is known by. */
  readonly key: string
  readonly createdAt: string
  readonly upload: Upload
  /** Once a comment has it. */
  ticket: number | null
  comment: number | null
  inline: boolean
}

export type Upload = {
  readonly token: string
  readonly attachments: Array<Attachment>
  /** Real milliseconds. */
  endsAt: number
  state: "open" | "used" | "deleted"
  readonly requestId: string
}

export type Uploads = {
  readonly byToken: Map<string, Upload>
  readonly attachments: Map<number, Attachment>
  readonly byKey: Map<string, Attachment>
}

export const makeUploads = (): Uploads => ({ byToken: new Map(), attachments: new Map(), byKey: new Map() })
