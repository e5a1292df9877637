import { createHash } from "node:crypto"
import { request } from "node:http"
import { describe, expect, it } from "vitest"
import { jobDone, type TestSandbox, withSandbox } from "../TestClient.ts"

const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(150_000, "x")])
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

const send = async ({ zen }: TestSandbox, name = "größe 1.png", body = png, query = "") =>
  zen(`/api/v2/uploads.json?filename=${encodeURIComponent(name)}${query}`, {
    method: "POST",
    body,
    headers: { "content-type": "image/png" }
  })

const ticket = (uploads: ReadonlyArray<string>, more: object = {}) => ({
  ticket: {
    subject: "s",
    external_id: "e1",
    comments: [
      { html_body: "<p>one</p>", uploads },
      { html_body: "<p>two</p>", ...more }
    ]
  }
})

describe("uploads", () => {
  it("come back byte for byte: token, import, comment, address, bytes", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const sent = await send(test)
      expect(sent.status).toBe(201)
      const { token, attachment, attachments } = sent.body.upload
      expect(attachments).toEqual([attachment])
      expect(attachment).toMatchObject({
        file_name: "größe 1.png",
        content_type: "image/png",
        size: png.length,
        inline: false
      })
      const { id } = (await test.zen("/api/v2/imports/tickets", { body: ticket([token]) })).body.ticket
      const [first, second] = (await test.zen(`/api/v2/tickets/${id}/comments`)).body.comments
      expect([first.attachments, second.attachments]).toEqual([[attachment], []])
      expect((await test.zen(`/api/v2/attachments/${attachment.id}`)).body.attachment).toEqual(attachment)
      const storage = await test.at(attachment.content_url)
      expect(storage.status).toBe(302)
      expect(new URL(storage.headers.location as string).host).toMatch(/\.zdusercontent\.com$/)
      const got = await test.at(storage.headers.location as string)
      expect([got.headers["content-type"], sha256(got.bytes)]).toEqual(["image/png", sha256(png)])
    }))

  it("may be several with one token, and of no bytes at all", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const { token } = (await send(test)).body.upload
      const more = (await send(test, "empty", Buffer.alloc(0), `&token=${token}`)).body.upload
      expect([more.token, more.attachments.length, more.attachment.size]).toEqual([token, 2, 0])
      const { id } = (await test.zen("/api/v2/imports/tickets", { body: ticket([token]) })).body.ticket
      expect((await test.zen(`/api/v2/tickets/${id}/comments`)).body.comments[0].attachments).toHaveLength(2)
      expect((await send(test, "late", png, `&token=${token}`)).status).toBe(404)
    }))

  it("die after an hour of the vendor's, with what they hold", () =>
    withSandbox({ tickets: 4, timeFactor: 60 }, async (test) => {
      const { token, attachment } = (await send(test)).body.upload
      test.pass(59_000)
      expect((await test.at(attachment.content_url)).status).toBe(302)
      test.pass(2000)
      const refused = await test.zen("/api/v2/imports/tickets", { body: ticket([token]) })
      expect(refused).toMatchObject({ status: 422, body: { details: { uploads: [{ error: "InvalidValue" }] } } })
      expect((await test.at(attachment.content_url)).status).toBe(404)
      expect((await test.zen(`/api/v2/attachments/${attachment.id}`)).status).toBe(404)
      expect((await test.zen(`/api/v2/uploads/${token}`, { method: "DELETE" })).status).toBe(404)
      expect(await test.lines("ledger")).toHaveLength(1)
    }))

  it("that end in the middle were never there", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const { sandbox } = test
      const key = Buffer.from("owner@acme.example/token:zd-sandbox-token").toString("base64")
      const outgoing = request(`${sandbox.origin}/api/v2/uploads?filename=half`, {
        method: "POST",
        headers: { host: "acme.zendesk.com", authorization: `Basic ${key}`, "content-length": 200_000 }
      })
      const ended = new Promise((resolve) => outgoing.on("error", resolve))
      outgoing.write(Buffer.alloc(100_000), () => outgoing.destroy(new Error("gone")))
      await ended
      expect((await send(test)).status).toBe(201)
      expect(await test.lines("destination?entity=attachment")).toMatchObject([{ file_name: "größe 1.png" }])
    }))

  it("serve one comment only: not twice in a ticket, not in another, not after deletion", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const first = (await send(test)).body.upload.token
      expect((await test.zen("/api/v2/imports/tickets", { body: ticket([first], { uploads: [first] }) })).status).toBe(
        422
      )
      expect((await test.zen("/api/v2/imports/tickets", { body: ticket([first]) })).status).toBe(201)
      expect((await test.zen("/api/v2/imports/tickets", { body: ticket([first]) })).status).toBe(422)
      const second = (await send(test)).body.upload.token
      expect((await test.zen(`/api/v2/uploads/${second}`, { method: "DELETE" })).status).toBe(204)
      expect((await test.zen("/api/v2/imports/tickets", { body: ticket([second]) })).status).toBe(422)
    }))

  it("stay good when the ticket is refused for something else", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const { token } = (await send(test)).body.upload
      const body = ticket([token])
      const wrong = { ticket: { ...body.ticket, requester_id: 7 } }
      expect((await test.zen("/api/v2/imports/tickets", { body: wrong })).status).toBe(422)
      expect((await test.zen("/api/v2/imports/tickets", { body })).status).toBe(201)
    }))

  it("go with the rows of a job and with a comment of an update", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const [a, b] = [(await send(test)).body.upload.token, (await send(test)).body.upload.token]
      const job = await test.zen("/api/v2/imports/tickets/create_many", {
        body: { tickets: [ticket([a]).ticket, ticket([a]).ticket] }
      })
      const results = await jobDone(test, job.body.job_status.id)
      expect(results).toMatchObject([{ index: 0 }, { index: 1, error: "RecordInvalid" }])
      const id = results[0]?.id
      await test.zen(`/api/v2/tickets/${id}`, {
        method: "PUT",
        body: { ticket: { comment: { body: "c", uploads: [b] } } }
      })
      const comments = (await test.zen(`/api/v2/tickets/${id}/comments`)).body.comments
      expect(comments.map((row: { attachments: [] }) => row.attachments.length)).toEqual([1, 0, 1])
    }))

  it("are inline where the body shows them, and then told only when asked for", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const { token, attachment } = (await send(test)).body.upload
      const body = ticket([], { html_body: `<p><img src="${attachment.content_url}"></p>`, uploads: [token] })
      const { id } = (await test.zen("/api/v2/imports/tickets", { body })).body.ticket
      const read = async (query: string) => (await test.zen(`/api/v2/tickets/${id}/comments${query}`)).body.comments[1]
      expect((await read("")).attachments).toEqual([])
      expect((await read("?include_inline_images=true")).attachments).toMatchObject([
        { id: attachment.id, inline: true }
      ])
      expect((await read("")).html_body).toContain(attachment.content_url)
    }))

  it("are refused above the limit, which the settings tell, and without a name", () =>
    withSandbox({ tickets: 4, zendesk: { uploadBytes: 1000 } }, async (test) => {
      expect((await test.zen("/api/v2/account/settings")).body.settings.limits).toEqual({ attachment_size: 1000 })
      expect((await send(test)).status).toBe(413)
      expect((await send(test, "a", Buffer.alloc(1000))).status).toBe(201)
      expect((await test.zen("/api/v2/uploads", { method: "POST", body: png })).status).toBe(400)
    }))

  it("can be lost without a word, in an account that is so", () =>
    withSandbox({ tickets: 4, zendesk: { lostUploads: "ignore" } }, async (test) => {
      const { id } = (await test.zen("/api/v2/imports/tickets", { body: ticket(["nothing"]) })).body.ticket
      expect((await test.zen(`/api/v2/tickets/${id}/comments`)).body.comments[0].attachments).toEqual([])
    }))

  it("are private when the account says so", () =>
    withSandbox({ tickets: 4, zendesk: { privateAttachments: true } }, async (test) => {
      const { attachment } = (await send(test)).body.upload
      expect((await test.at(attachment.content_url)).status).toBe(401)
      expect(
        (await test.at(attachment.content_url, { headers: { authorization: "Bearer zd-sandbox-read" } })).status
      ).toBe(302)
    }))

  it("are limited where they are looked at before any comment has them", () =>
    withSandbox({ tickets: 4, limits: true }, async (test) => {
      const { attachment } = (await send(test)).body.upload
      for (let k = 0; k < 10; k++) expect((await test.at(attachment.content_url)).status).toBe(302)
      expect((await test.at(attachment.content_url)).status).toBe(429)
    }))
})

describe("the truth about uploads", () => {
  it("tells size, SHA-256 and place of every file, and of what nobody used", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      const used = (await send(test)).body.upload
      await send(test, "left", Buffer.from("abc"))
      const { id } = (await test.zen("/api/v2/imports/tickets", { body: ticket([used.token]) })).body.ticket
      const [comment] = (await test.zen(`/api/v2/tickets/${id}/comments`)).body.comments
      const common = { size: png.length, sha256: sha256(png), file_name: "größe 1.png" }
      expect(await test.lines("destination?entity=attachment")).toMatchObject([
        { ...common, ticket_id: id, comment_id: comment.id, upload: "used" },
        { size: 3, sha256: sha256(Buffer.from("abc")), ticket_id: null, comment_id: null, upload: "open" }
      ])
      expect(await test.lines("ledger")).toMatchObject([
        { kind: "upload.create", body: common },
        { kind: "upload.create" },
        { kind: "ticket.import", body: { attachments: [{ comment: 0, ...common }] } }
      ])
    }))

  it("counts an upload that was done and never answered, and one whose token died at once", () =>
    withSandbox({ tickets: 4 }, async (test) => {
      await test.admin("faults", { body: { kind: "unanswered", path: "/uploads", count: 1 } })
      await expect(send(test)).rejects.toThrow()
      expect(await test.lines("destination?entity=attachment")).toMatchObject([{ upload: "open" }])
      await test.admin("faults", { body: { kind: "expired", path: "/uploads", count: 1 } })
      const { token } = (await send(test)).body.upload
      expect((await test.zen("/api/v2/imports/tickets", { body: ticket([token]) })).status).toBe(422)
      await test.admin("faults", { body: { kind: "429", path: "/uploads", count: 1 } })
      expect((await send(test)).status).toBe(429)
      expect(await test.lines("ledger")).toHaveLength(2)
    }))
})
