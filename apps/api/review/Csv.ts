// Cells and lines of a CSV as RFC 4180 says, safe to open in a spreadsheet. Pure. For Download.ts.

/**
 * What the first character of a cell must not be: spreadsheets take it for a formula (tab, CR and LF hide one, and some read the
 * wide signs of East Asian texts as the plain ones).
 */
const formula = /^[=+\-@\t\r\n＝＋－＠]/

/** A leading apostrophe makes text of what would be a formula. */
export const harmless = (text: string): string => (formula.test(text) ? `'${text}` : text)

const quoted = /[",\r\n]|^ | $/

/** Neither to be made harmless nor to be quoted: most cells. */
const special = /[",\r\n]|^[ =+\-@\t＝＋－＠]| $/

const cell = (text: string): string => {
  if (text === "" || !special.test(text)) return text
  const safe = harmless(text)
  return quoted.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** One line with its end (CRLF). A single empty cell is quoted: an empty line is no record. */
export const line = (cells: ReadonlyArray<string>): string =>
  cells.length === 1 && cells[0] === "" ? '""\r\n' : `${cells.map(cell).join(",")}\r\n`

/** Any JSON value as the text of a cell; null and absent are empty, lists and objects are JSON. */
export const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return ""
  if (typeof value === "string") return value
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** Tells spreadsheets that the file is UTF-8. */
export const byteOrderMark = "\u{feff}"
