// Files that our own client cannot send.
import { afterAll, beforeAll, expect, it } from "vitest"
import { type Lab, openLab, type Seed } from "./testing/Lab.ts"

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab?.close())

it("a file that cannot be put into a request fails alone, and its ticket goes on without it", async () => {
  const sha256 = await lab.store(Buffer.from("good"))
  const file = (name: string, type: string): Seed => ({
    sourceId: `file-${name}`,
    body: { file_name: name, content_type: type, size: 4 },
    meta: { file: { parent: { entity: "ticket", nativeId: "1" }, sha256, url_hash: null, note: "left" } },
    parentId: "1",
    parentEntity: "ticket"
  })
  const ticket: Seed = {
    sourceId: "1",
    body: { subject: "One" },
    meta: { description: { html_body: "<p>d</p>", created_at: "2024-01-01T00:00:00Z", public: true } }
  }
  // The fake vendor has the name in a header.
  const files = [file("bill", 'application/pdf; name="счёт.pdf"'), file("счёт", "application/pdf")]
  const job = await lab.job({ ticket: [ticket], attachment: files })
  await lab.migrate(job)
  expect(lab.vendor.attached.map((one) => Buffer.from(one.bytes).toString())).toEqual(["good"])
  expect(lab.vendor.kept[0]?.body["comments"]).toMatchObject([{ html_body: "<p>d</p><p>left</p>" }])
  const ends = (await lab.outcomes(job, "attachment")).map((one) => [one.source_id, one.outcome, one.error?.code])
  expect(ends.toSorted()).toEqual([
    ["file-bill", "created", undefined],
    ["file-счёт", "failed", "unsendable"]
  ])
})
