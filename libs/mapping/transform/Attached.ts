// What an attachment's element says of its file: where its bytes are, what it belongs to, what stands for it where it cannot go
// along. Pure and total. For Compile.ts.
import type { FileRule } from "@bridge/domain/Mapping"
import { type AttachmentParent, attachmentParents } from "@bridge/domain/Records"
import type { Writer } from "./Draft.ts"
import { reader } from "./Read.ts"
import { isBlank, textOf } from "./Steps.ts"
import { escapeHtml } from "./Text.ts"

const state = reader("state")
const problem = reader("problem")
const digest = reader("sha256")
const parentEntity = reader("parent_entity")
const parent = reader("parent")
const urlHash = reader("url_hash")
const inline = reader("inline")

/** Runs after the field rules: `file_name`, `content_type` and `size` stand in the body. */
export const fileWriter =
  (rule: FileRule): Writer =>
  (draft) => {
    const { body, record, warnings } = draft
    const sha256 = textOf(digest(record))
    if (state(record) !== "stored" || !/^[0-9a-f]{64}$/u.test(sha256)) {
      const why = problem(record)
      return `its bytes could not be had${isBlank(why) ? "" : `: ${textOf(why)}`}`
    }
    const entity = attachmentParents.find((one: AttachmentParent) => one === parentEntity(record)) ?? "ticket"
    const name = textOf(body.file_name ?? "")
    const size = Number(body.size ?? 0)
    const large = size > rule.bytes
    if (large)
      warnings.push({
        code: "attachment-too-large",
        field: "size",
        message: `${name} has ${size} bytes, the destination takes ${rule.bytes}: a line of text stands for it`
      })
    const shown = urlHash(record)
    if (inline(record) === true && large)
      warnings.push({ code: "image-left", field: "inline", message: `${name} is shown in the text and cannot be` })
    draft.meta.file = {
      parent: { entity, nativeId: textOf(parent(record)) },
      sha256,
      url_hash: isBlank(shown) ? null : textOf(shown),
      note: escapeHtml(
        rule.note.replaceAll("{name}", name).replaceAll("{bytes}", String(size)).replaceAll("{id}", record.native_id)
      ),
      ...(large && { noteOnly: true as const })
    }
    return null
  }
