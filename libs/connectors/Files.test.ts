import { urlHash } from "@bridge/domain/Images"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { JsonObject } from "./Connector.ts"
import { fileRow, filesIn, vendorJson, withMember } from "./Files.ts"
import type { Row } from "./Row.ts"

const row = (json: string): Row => ({ sourceId: "1", version: "", op: "upsert", json: Buffer.from(json) })
const owner = { to: "attachments", of: "comment", parent: "7", root: "ticket", rootId: "1" } as const
const ours = {
  base: "https://acme.vendor.test/",
  isVendors: (url: URL) => url.hostname === "files.vendor.test",
  idIn: (url: URL) => url.searchParams.get("id")
}
const shown = (text: Buffer): JsonObject => JSON.parse(text.toString("utf8")) as JsonObject

describe("a row with a member more", () => {
  it("is the same row with that member, and the vendor's bytes are as they were", () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (object, spaced) => {
        const text = JSON.stringify(object, null, spaced ? 2 : 0)
        const more = withMember(row(text), "file", Buffer.from("[1]")).json.toString("utf8")
        expect(JSON.parse(more)).toEqual({ ...JSON.parse(text), file: [1] })
        expect(more.startsWith(text.slice(0, text.lastIndexOf("}")))).toBe(true)
        const twice = withMember(withMember(row(text), "file", Buffer.from("[1]")), "stats", Buffer.from("{}"))
        expect(vendorJson(twice).toString("utf8")).toBe(text)
        expect(vendorJson(row(text)).toString("utf8")).toBe(text)
      })
    ))
})

describe("files of a row", () => {
  const url = "https://files.vendor.test/data/5/a.png?Signature=secret"
  const attachment = { id: 5, name: "a.png", size: 3, attachment_url: url }

  it("never carry the address, which is a secret", () => {
    const [file] = filesIn(owner, [attachment], null, ours)
    expect(file?.url).toBe(url)
    expect(file?.row.json.toString("utf8")).not.toContain("secret")
    expect(file?.row).toMatchObject({ sourceId: "attachments/5", parentId: "1" })
  })

  it("are one where the text shows an attachment, under whatever signature", () => {
    const src = "https://files.vendor.test/data/5/a.png?Signature=other"
    const files = filesIn(owner, [attachment], `<img src="${src}">`, ours)
    expect(files.map((one) => shown(one.row.json))).toMatchObject([{ id: "5", url_hash: urlHash(src) }])
  })

  it("are one where the picture's address tells the id of the attachment", () => {
    const files = filesIn(owner, [attachment], '<img src="https://files.vendor.test/show?id=5">', ours)
    expect(files.map((one) => one.url)).toEqual([url])
  })

  it("are one under every address that the text shows it by, and by the name that the editor gives it", () => {
    const shows = ["/show?id=5", "//files.vendor.test/show?id=5&amp;a=1", "cid:a", "https://cname.test/x"]
    const html = shows.map((src, i) => `<img src="${src}"${i < 2 ? "" : ' data-id="5"'}>`).join("")
    const relative = { ...ours, base: "https://files.vendor.test/" }
    const files = filesIn(owner, [attachment], html, relative)
    expect(files.map((one) => shown(one.row.json).url_hash)).toEqual([
      shows.map((src) => urlHash(src.replace("&amp;", "&"))).join(" ")
    ])
  })

  it("are one where the text shows the page of the attachment", () => {
    const page = { ...attachment, canonical_url: "https://acme.vendor.test/helpdesk/attachments/5" }
    const files = filesIn(owner, [page], '<img src="/helpdesk/attachments/5">', ours)
    expect(files.map((one) => one.url)).toEqual([url])
    expect(files[0]?.row.json.toString("utf8")).not.toContain("canonical_url")
  })

  it("are parts of a mail that nobody has any more too, so that they are told", () => {
    const files = filesIn(owner, [], '<img src="cid:image001.png@01D"><img src="data:image/png;base64,AA">', ours)
    expect(files.map(({ otherwise, url }) => [url, otherwise])).toEqual([[null, null]])
  })

  it("are pictures of the vendor's that no attachment is, each once; those of others stay links", () => {
    const html = ["inline?token=a", "inline?token=b", "inline?token=a"]
      .map((path) => `<img src="https://files.vendor.test/${path}">`)
      .join("")
    const files = filesIn(owner, [], `${html}<img src="https://elsewhere.test/logo.png"><img src="data:x">`, ours)
    expect(files.map((one) => one.url)).toEqual([
      "https://files.vendor.test/inline?token=a",
      "https://files.vendor.test/inline?token=b"
    ])
    expect(new Set(files.map((one) => one.row.sourceId)).size).toBe(2)
  })

  it("say what became of their bytes", () => {
    const [file] = filesIn(owner, [attachment], null, ours)
    if (file === undefined) throw new Error("no file")
    const outcome = { state: "unavailable", problem: "gone" } as const
    expect(shown(fileRow(file.row, outcome).json)).toMatchObject({ id: "5", file: outcome })
  })
})
