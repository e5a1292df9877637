// Files that go up before their ticket.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Lab, openLab, type Seed } from "./testing/Lab.ts"

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab?.close())

let nextId = 1
beforeEach(() => {
  lab.vendor.fate = () => "answer"
  lab.vendor.tokenMillis = Number.POSITIVE_INFINITY
  lab.vendor.kept.length = 0
  lab.vendor.attached.length = 0
  lab.vendor.calls.length = 0
})

const ticketOf = (): Seed => ({
  sourceId: String(nextId++),
  body: { subject: "Printer" },
  meta: { description: { html_body: "<p>d</p>", created_at: "2024-01-01T00:00:00Z", public: true } }
})

describe("files", () => {
  it("go up before their ticket, of comments too; one that is refused fails alone, with a line in its place", async () => {
    const [good = "", bad = ""] = [await lab.store(Buffer.from("good")), await lab.store(Buffer.from("a virus"))]
    const ticket = ticketOf()
    const comment: Seed = {
      sourceId: String(nextId++),
      body: { html_body: "c", created_at: "2024-01-02T00:00:00Z", public: false },
      parentId: ticket.sourceId
    }
    const file = (name: string, sha256: string, entity: "ticket" | "comment", parent: string, more = {}): Seed => ({
      sourceId: `${name}-${nextId++}`,
      body: { file_name: name, content_type: "text/plain", size: 4 },
      meta: {
        file: { parent: { entity, nativeId: parent }, sha256, url_hash: null, note: `left: ${name}`, ...more }
      } as Seed["meta"] & {},
      parentId: parent,
      parentEntity: entity
    })
    const files = [
      file("a", good, "ticket", ticket.sourceId),
      file("b", good, "comment", comment.sourceId),
      file("c", bad, "comment", comment.sourceId),
      file("d", good, "ticket", ticket.sourceId, { noteOnly: true })
    ]
    const job = await lab.job({ ticket: [ticket], comment: [comment], attachment: files })
    await lab.migrate(job)
    expect(lab.vendor.attached.map((f) => Buffer.from(f.bytes).toString())).toEqual(["good", "good"])
    expect(lab.vendor.kept[0]?.body["comments"]).toMatchObject([
      { html_body: "<p>d</p><p>left: d</p>" },
      { html_body: "c<p>left: c</p>" }
    ])
    const outcomes = new Map((await lab.outcomes(job, "attachment")).map((o) => [o.source_id[0], o]))
    expect([..."abcd"].map((name) => outcomes.get(name)?.outcome)).toEqual(["created", "created", "failed", "created"])
    expect(outcomes.get("c")?.error?.code).toBe("Refused")
  })

  const withFiles = async (n: number) => {
    const sha256 = await lab.store(Buffer.from("old"))
    const ticket = ticketOf()
    const attachment = Array.from(
      { length: n },
      (): Seed => ({
        sourceId: `old-${nextId++}`,
        body: { file_name: "old", content_type: "text/plain", size: 3 },
        meta: { file: { parent: { entity: "ticket", nativeId: ticket.sourceId }, sha256, url_hash: null, note: "" } },
        parentId: ticket.sourceId,
        parentEntity: "ticket"
      })
    )
    lab.vendor.tokenMillis = 600
    return lab.job({ ticket: [ticket], attachment })
  }

  it("go up again that have grown old while the job was paused between two of them", async () => {
    const job = await withFiles(2)
    let times = 0
    lab.vendor.fate = (operation) => {
      if (operation !== "POST /uploads" || ++times !== 2) return "answer"
      void lab.rows((sql) => sql`update jobs set paused = true where id = ${job}::uuid returning id`)
      setTimeout(() => {
        void lab.rows((sql) => sql`update jobs set paused = false where id = ${job}::uuid returning id`)
      }, 1_000)
      return "cut"
    }
    await lab.migrate(job)
    expect((await lab.outcomes(job, "attachment")).map((o) => o.outcome)).toEqual(["created", "created"])
    expect((await lab.outcomes(job, "ticket")).map((o) => o.outcome)).toEqual(["created"])
    expect(lab.vendor.attached.length).toBe(2)
  })

  it("go up again that have grown old while the destination held back their ticket", async () => {
    const job = await withFiles(1)
    let times = 0
    lab.vendor.fate = (operation) => (operation === "POST /ticket" && ++times < 60 ? "busy" : "answer")
    await lab.migrate(job)
    expect(lab.vendor.attached.length).toBe(1)
    expect(lab.vendor.calls.filter((c) => c === "POST /uploads").length).toBeGreaterThan(1)
  })

  it("that cannot be put into a request fail alone, and their ticket goes on without them", async () => {
    const ticket = ticketOf()
    const sha256 = await lab.store(Buffer.from("good"))
    const file = (name: string, type: string): Seed => ({
      sourceId: `file-${name}`,
      body: { file_name: name, content_type: type, size: 4 },
      meta: { file: { parent: { entity: "ticket", nativeId: ticket.sourceId }, sha256, url_hash: null, note: "left" } },
      parentId: ticket.sourceId,
      parentEntity: "ticket"
    })
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
})
