import type { AssembledFile } from "@bridge/domain/Assemble"
import { joinedHashes, urlHash } from "@bridge/domain/Images"
import { expect, it } from "vitest"
import { uploads } from "./Uploads.ts"

const file: AssembledFile = {
  sourceId: "attachments/5",
  sha256: "0".repeat(64),
  name: "a.png",
  mime: "image/png",
  size: 3,
  comment: 0,
  note: "",
  urlHash: joinedHashes(["/a?x=1", "cid:a"].map(urlHash))
}

it("shows an uploaded picture wherever the text shows it, under whatever address", () => {
  const there = { _tag: "Uploaded", token: "t", fileId: "1", url: "https://acme.zendesk.test/a" } as const
  const html_body = '<img src="/a?x=1"><img src="cid:a"><img src="/b">'
  expect(uploads.attach({ comments: [{ html_body }] }, [[file, there]])).toEqual({
    comments: [
      {
        html_body: `<img src="${there.url}"><img src="${there.url}"><img src="/b">`,
        uploads: ["t"]
      }
    ]
  })
})
