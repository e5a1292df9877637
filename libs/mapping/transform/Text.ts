// Long texts: cut or split by bytes of UTF-8, never inside a character; plain text as HTML. Pure.
// For Steps.ts and Compile.ts.

/** Plain text as HTML that shows the same: line breaks become `<br>`. */
export const escapeHtml = (text: string): string => {
  let out = ""
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const written = escaped(text.charCodeAt(i))
    if (written === undefined) continue
    out += text.slice(from, i) + written
    if (text.charCodeAt(i) === carriageReturn && text.charCodeAt(i + 1) === lineFeed) i++
    from = i + 1
  }
  return from === 0 ? text : out + text.slice(from)
}

const carriageReturn = 13
const lineFeed = 10

/** What stands for a character in HTML; undefined: itself. */
const escaped = (code: number): string | undefined => {
  if (code > 62) return undefined
  if (code === 38) return "&amp;"
  if (code === 60) return "&lt;"
  if (code === 62) return "&gt;"
  if (code === 34) return "&quot;"
  return code === lineFeed || code === carriageReturn ? "<br>" : undefined
}

/** True when nobody would see anything: only tags, blanks and no-break spaces, and no picture. */
export const isBlankHtml = (html: string): boolean => {
  if (html.length > 4000 || /<(img|video|audio|iframe|hr|input|object|embed)\b/iu.test(html)) return false
  return html.replace(/<[^>]*>/gu, "").replace(/&nbsp;|&#160;|&#xa0;|[\s\u200b\ufeff]/giu, "") === ""
}

/** The longest beginning of at most `bytes` bytes of UTF-8 that ends between characters. */
export const truncateBytes = (text: string, bytes: number): string => text.slice(0, fit(text, 0, bytes))

/**
 * The text in pieces of at most `bytes` bytes; joined they are the text again. A piece ends behind a tag or a blank where
 * one is near, so that tags, words and entities stay whole; in any case between characters.
 */
export const splitBytes = (text: string, bytes: number): ReadonlyArray<string> => {
  if (text.length * 3 <= bytes) return [text]
  const pieces: Array<string> = []
  let at = 0
  while (at < text.length) {
    const end = fit(text, at, bytes)
    const cut = end === text.length ? end : seam(text, at, end)
    pieces.push(text.slice(at, cut))
    at = cut
  }
  return pieces.length === 0 ? [text] : pieces
}

/** Index behind the last whole character from `start` on that fits into `bytes`; always at least one character. */
const fit = (text: string, start: number, bytes: number): number => {
  if ((text.length - start) * 3 <= bytes) return text.length
  let left = bytes
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const pair = code >= 0xd800 && code < 0xdc00 && isLow(text.charCodeAt(at + 1))
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : pair ? 4 : 3
    if (size > left) break
    left -= size
    at += pair ? 2 : 1
  }
  if (at > start) return at
  return start + ((text.codePointAt(start) ?? 0 > 0xffff) ? 2 : 1)
}

const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000

/** A better place to end than `end`, at most a quarter of the piece before it. */
const seam = (text: string, start: number, end: number): number => {
  const floor = start + Math.floor((end - start) * 0.75)
  const open = text.lastIndexOf("<", end - 1)
  // Inside a tag: before it.
  if (open > floor && text.lastIndexOf(">", end - 1) < open && text.indexOf(">", open) >= end) return open
  const behindTag = text.lastIndexOf(">", end - 1) + 1
  if (behindTag > floor) return behindTag
  const behindBlank = text.lastIndexOf(" ", end - 1) + 1
  return behindBlank > floor && !insideTag(text, behindBlank) ? behindBlank : end
}

const insideTag = (text: string, at: number): boolean => {
  const open = text.lastIndexOf("<", at - 1)
  return open >= 0 && at - open < 2000 && text.lastIndexOf(">", at - 1) < open
}
