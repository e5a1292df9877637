// What a person should know of a file before approving: that its bytes could not be had, or are not what was said. Pure.
// For Resolve.ts. What does not belong here: the destination's limits (transform/).
import type { AttachmentRecord } from "@bridge/domain/AssetRecords"
import type { Warning } from "@bridge/domain/Element"

export const fileNotes = ({ inline, name, problem, state }: AttachmentRecord): ReadonlyArray<Warning> => {
  const file = name ?? "the file"
  if (state === "stored")
    return problem === null ? [] : [{ code: "file-differs", field: "size", message: `${file}: ${problem}` }]
  const why = problem ?? (state === "unread" ? "it was not read" : "nothing is known of it")
  const left = { code: "image-left", field: "inline", message: `${file} is shown in the text and cannot be` }
  return [
    { code: "file-unavailable", field: "sha256", message: `${file} could not be had: ${why}` },
    ...(inline === true ? [left] : [])
  ]
}
