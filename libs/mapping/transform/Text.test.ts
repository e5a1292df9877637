import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { escapeHtml, isBlankHtml, splitBytes, truncateBytes } from "./Text.ts"

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom("a", "é", "日", "🙂", " ", "<b>", "</b>", "&amp;") })
)

describe("splitting by bytes", () => {
  it("keeps every character, in pieces that fit", () =>
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 80 }), (whole, bytes) => {
        const pieces = splitBytes(whole, bytes)
        expect(pieces.join("")).toBe(whole)
        for (const piece of pieces) {
          expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(bytes)
          expect(piece.isWellFormed()).toBe(true)
          expect(piece !== "" || whole === "").toBe(true)
        }
      })
    ))

  it("keeps tags and words whole where it can", () => {
    const html = `<p>${"word ".repeat(19)}</p><p class="x">more</p>`
    expect(splitBytes(html, 105)).toEqual([`<p>${"word ".repeat(19)}</p>`, '<p class="x">more</p>'])
    expect(splitBytes("one two three four five", 18)).toEqual(["one two three ", "four five"])
  })

  it("cuts to the longest beginning that fits", () =>
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 40 }), (whole, bytes) => {
        const kept = truncateBytes(whole, bytes)
        expect(whole.startsWith(kept)).toBe(true)
        expect(kept.isWellFormed()).toBe(true)
        const next = whole.slice(kept.length, kept.length + 2)
        expect(kept === whole || Buffer.byteLength(kept + String.fromCodePoint(next.codePointAt(0) ?? 0)) > bytes).toBe(
          true
        )
      })
    ))
})

describe("HTML", () => {
  it.each(["", "<div></div>", "<p><br>&nbsp;</p>", " \n\u00a0"])("%j shows nothing", (html) =>
    expect(isBlankHtml(html)).toBe(true)
  )
  it.each(["a", "<img src=x>", "<p>&amp;</p>", "<hr>"])("%j shows something", (html) =>
    expect(isBlankHtml(html)).toBe(false)
  )
  it("of a text shows the text", () =>
    expect(escapeHtml('<a> & "b"\r\nc\nd')).toBe("&lt;a&gt; &amp; &quot;b&quot;<br>c<br>d"))
  it("of a text escapes each character by itself, and each end of a line once", () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "é", "🙂", "&", "<", ">", '"', "'", "\r", "\n", "\r\n") }),
        (plain) => {
          const simple = plain
            .replaceAll("&", "&amp;")
            .replaceAll("<", "&lt;")
            .replaceAll(">", "&gt;")
            .replaceAll('"', "&quot;")
            .replace(/\r\n?|\n/gu, "<br>")
          expect(escapeHtml(plain)).toBe(simple)
        }
      )
    ))
})
