// Comment text in its forms: what the API derives from a body that was sent as HTML or as text.

/** 64 kB, cut without a word and never within a character. */
export const commentBytes = 65_535

export const cut = (text: string): string => {
  if (text.length * 3 <= commentBytes) return text
  const bytes = Buffer.from(text, "utf8")
  if (bytes.length <= commentBytes) return text
  let end = commentBytes
  while (((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString("utf8")
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00A0", "#39": "'" }

export const textOfHtml = (html: string): string =>
  html
    .replaceAll(/<(br|\/p|\/div|\/li|\/tr|\/blockquote)[^>]*>/gi, "\n")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&(amp|lt|gt|quot|nbsp|#39);/g, (whole, name: string) => entities[name] ?? whole)
    .trim()

export const htmlOfText = (text: string): string =>
  `<div class="zd-comment" dir="auto"><p dir="auto">${text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\n", "<br>")}</p></div>`
