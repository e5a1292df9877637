import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { imagesIn } from "./Images.ts"

describe("pictures in a text", () => {
  it.each([
    ['<p><img src="https://a/b?x=1&amp;y=2"></p>', ["https://a/b?x=1&y=2"]],
    ["<IMG alt='a > b' SRC='https://a/c' />", ["https://a/c"]],
    ["<img width=3 src=https://a/d>", ["https://a/d"]],
    ['<img data-src="https://a/no" src="https://a/e">', ["https://a/e"]],
    ['<img alt="none"><image src="x"><p src="y">', []],
    ['<img src="&#x68;ttps://a/f">', ["https://a/f"]]
  ])("are found whatever the spelling: %s", (html, found) =>
    expect(imagesIn(html).map(({ src }) => src)).toEqual(found)
  )

  it("are named by what the editor wrote beside them", () =>
    expect(
      imagesIn('<img src="/a" data-id="5"><img data-id=\'6\' src="/b"><img src="/c">').map((one) => one.dataId)
    ).toEqual(["5", "6", null]))

  it("stand where the text has them, so that another address can take the place", () =>
    fc.assert(
      fc.property(fc.array(fc.string()), fc.stringMatching(/^[a-z0-9/:.?=]{1,30}$/u), (texts, src) => {
        const clean = texts.map((text) => text.replaceAll("<", ""))
        const html = clean.map((text) => `${text}<img alt="x" src="${src}">`).join("")
        let out = html
        for (const { end, start } of imagesIn(html).toReversed()) out = `${out.slice(0, start)}NEW${out.slice(end)}`
        expect(out).toBe(clean.map((text) => `${text}<img alt="x" src="NEW">`).join(""))
      })
    ))
})
