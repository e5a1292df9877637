import type { AssembledFile } from "@bridge/domain/Assemble"
import { urlHash } from "@bridge/domain/Images"
import type { Answer } from "@bridge/http/Call"
import { describe, expect, it } from "vitest"
import type { Sink, Uploaded, Write } from "../Connector.ts"
import { fields } from "./FieldSink.ts"
import { identities, userIdentities } from "./Identities.ts"
import { customObjects, customObjectRecords as recordsOf } from "./Objects.ts"
import { uploadSink, uploads } from "./Uploads.ts"
import { besides, sinks } from "./Write.ts"

const config = { subdomain: "acme" } as never
const answer = (status: number, body: unknown): Answer => ({
  status,
  headers: {},
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
})
const write = (body: Write["body"], sourceKey = "k"): Write => ({ entity: "asset", sourceId: "1", sourceKey, body })

describe("files on their way into Zendesk", () => {
  const file = (sourceId: string, comment: number, urlHashed: string | null = null): AssembledFile => ({
    sourceId,
    comment,
    name: "a b.png",
    mime: "image/png",
    size: 3,
    sha256: "",
    urlHash: urlHashed,
    note: ""
  })
  const uploaded = (token: string): Uploaded => ({
    _tag: "Uploaded",
    token,
    fileId: "1",
    url: `https://z/${token}?a=1&b`
  })

  it("go up as they are, under their own type and name", () => {
    const bytes = Uint8Array.from([0, 1, 2])
    expect(uploads.call(config, { name: "a b.png", mime: "image/png" }, bytes)).toMatchObject({
      method: "POST",
      path: "/api/v2/uploads",
      query: { filename: "a b.png" },
      bytes,
      bytesType: "image/png",
      idempotent: false
    })
  })

  it("give a token, or are refused in the vendor's words; anything else is no answer", () => {
    const good = { upload: { token: "t", attachment: { id: 7, content_url: "https://z/7" } } }
    expect(uploads.read(answer(201, good))).toEqual({ _tag: "Uploaded", token: "t", fileId: "7", url: "https://z/7" })
    expect(uploads.read(answer(413, { error: "AttachmentTooLarge", description: "too large" }))).toMatchObject({
      _tag: "UploadRefused",
      code: "AttachmentTooLarge",
      message: "too large"
    })
    expect(() => uploads.read(answer(201, {}))).toThrow("token")
  })

  it("are named in the comment they belong to, and shown where its text showed them", () => {
    const src = "https://acme.freshservice.com/inline/1?sig=x"
    const html = `<p><img alt="x" src="${src}"><img src='https://other/1'></p>`
    const body = { subject: "s", comments: [{ html_body: html }, { html_body: "b" }] }
    expect(
      uploads.attach(body, [
        [file("1", 0, urlHash(src)), uploaded("t1")],
        [file("2", 1), uploaded("t2")],
        [file("3", 1), uploaded("t3")]
      ])
    ).toEqual({
      subject: "s",
      comments: [
        {
          html_body: `<p><img alt="x" src="https://z/t1?a=1&amp;b"><img src='https://other/1'></p>`,
          uploads: ["t1"]
        },
        { html_body: "b", uploads: ["t2", "t3"] }
      ]
    })
    expect(uploads.attach(body, [])).toBe(body)
  })

  it("can be written by hand: their token is their id", () => {
    const call = uploadSink.createOne(config, write({ filename: "f", content_type: "text/x", content: "AAEC" }))
    expect([...(call.bytes ?? [])]).toEqual([0, 1, 2])
    const read = uploadSink.readAnswer(config, [write({})], answer(201, { upload: { token: "t" } }))
    expect(read).toEqual({ _tag: "Results", outcomes: [{ _tag: "Created", destinationId: "t" }] })
  })
})

const customObjectRecords = recordsOf("asset")

describe("custom objects of Zendesk", () => {
  const link = { type: "lookup", title: "Asset: Laptop", relationship_target_type: "zen:custom_object:laptop_1" }
  const type = write({
    key: "laptop_1",
    title: "Laptop",
    fields: [{ key: "tag", type: "text", title: "Tag" }],
    ticket_field: link
  })

  it("are made without their fields, found by their key, and get the fields they lack, also when they were there", () => {
    expect(customObjects.createOne(config, type).body).toEqual({ custom_object: { key: "laptop_1", title: "Laptop" } })
    expect(customObjects.readAnswer(config, [type], answer(201, { custom_object: { key: "laptop_1" } }))).toEqual({
      _tag: "Results",
      outcomes: [{ _tag: "Created", destinationId: "laptop_1" }]
    })
    const found = (key: string) => customObjects.lookup[0]?.read(type, answer(200, { custom_object: { key } }))
    expect([found("laptop_1"), found("laptop_2")]).toEqual([["laptop_1"], []])
    const { further } = customObjects
    expect(further?.ofMatched).toBe(true)
    expect(further?.of(type)).toEqual(["tag"])
    expect(further?.create(config, type, "laptop_1", "tag")).toMatchObject({
      path: "/api/v2/custom_objects/laptop_1/fields",
      body: { custom_object_field: { key: "tag", type: "text" } }
    })
    expect(further?.readList(answer(200, { custom_object_fields: [{ key: "tag" }] })).names).toEqual(["tag"])
    expect(further?.readCreate(answer(422, { error: "RecordInvalid", description: "limit" }))?.message).toBe("limit")
  })

  it("have a field of tickets that leads to them, found by its title and by where it leads", () => {
    expect(fields.createOne(config, write(link))).toMatchObject({
      method: "POST",
      path: "/api/v2/ticket_fields",
      body: { ticket_field: link }
    })
    const found = (row: object) =>
      fields.lookup[0]?.read(write(link), answer(200, { ticket_fields: [{ id: 7, ...link, ...row }] }))
    expect(found({})).toEqual(["7"])
    expect(found({ relationship_target_type: "zen:custom_object:laptop_2" })).toEqual([])
    expect(found({ type: "text" })).toEqual([])
  })

  it("and fields of people are made in their own lists, found and known by their key", () => {
    const floor = write({ list: "user_fields", key: "floor", type: "integer", title: "Floor" })
    expect(fields.createOne(config, floor)).toMatchObject({
      path: "/api/v2/user_fields",
      body: { user_field: { key: "floor", type: "integer", title: "Floor" } }
    })
    expect(JSON.stringify(fields.createOne(config, floor).body)).not.toContain("list")
    expect(fields.readAnswer(config, [floor], answer(201, { user_field: { id: 7, key: "floor" } }))).toEqual({
      _tag: "Results",
      outcomes: [{ _tag: "Created", destinationId: "floor" }]
    })
    expect(fields.lookup[0]?.call(config, floor)?.path).toBe("/api/v2/user_fields")
    const found = (row: object) =>
      fields.lookup[0]?.read(floor, answer(200, { user_fields: [{ id: 7, key: "floor", type: "integer", ...row }] }))
    expect([found({}), found({ key: "floors" }), found({ type: "text" })]).toEqual([["floor"], [], []])
    const [byHand] = besides.filter(({ stream }) => stream === "organization_fields")
    expect(byHand?.createOne(config, write({ key: "k", type: "text", title: "K" })).path).toBe(
      "/api/v2/organization_fields"
    )
    expect(
      fields.readAnswer(config, [floor], answer(422, { error: "RecordInvalid", description: "no" }))
    ).toMatchObject({
      outcomes: [{ _tag: "Failed" }]
    })
  })

  const record = (key: string, sourceKey: string) =>
    write({ custom_object_key: key, name: "A", custom_object_fields: { tag: "x" } }, sourceKey)

  it("keep their records apart, written in bulk by source key alone", () => {
    const [a, b] = [record("laptop_1", "k1"), record("laptop_1", "k2")]
    expect(customObjectRecords.together?.(a)).toBe("laptop_1")
    const call = customObjectRecords.createMany?.(config, [a, b])
    expect(call).toMatchObject({
      path: "/api/v2/custom_objects/laptop_1/jobs",
      body: {
        job: {
          action: "create_or_update_by_external_id",
          items: [
            { name: "A", external_id: "k1" },
            { name: "A", external_id: "k2" }
          ]
        }
      }
    })
    expect(JSON.stringify(call?.body)).not.toContain("custom_object_key")
    const rows = {
      custom_object_records: [
        { id: "01A", external_id: "other" },
        { id: "01B", external_id: "k1" }
      ]
    }
    expect(customObjectRecords.lookup[0]?.read(a, answer(200, rows))).toEqual(["01B"])
  })

  it("count problems and changes as tickets of their own source keys", () => {
    const tickets = sinks.filter((sink: Sink<never>) => sink.stream === "tickets")
    expect(tickets.map((sink) => sink.entity)).toEqual(["ticket", "problem", "change"])
  })
})

describe("further addresses at Zendesk", () => {
  const person = write({ name: "P", identities: [{ type: "email", value: "B@x.org" }] })

  it("are no part of the user's own call, and are made without a mail", () => {
    const users = sinks.find((sink) => sink.stream === "users")
    expect(JSON.stringify(users?.createMany?.(config, [person]).body)).not.toContain("identities")
    expect(identities.of(person)).toEqual(["email b@x.org"])
    expect(identities.create(config, person, "7", "email b@x.org")).toMatchObject({
      path: "/api/v2/users/7/identities",
      body: { identity: { type: "email", value: "B@x.org", verified: true, skip_verify_email: true } }
    })
    const list = { identities: [{ type: "email", value: "b@X.org" }] }
    expect(identities.readList(answer(200, list)).names).toEqual(["email b@x.org"])
  })

  it("are found among the user's own, whatever the case", () => {
    const one = write({ user_id: 7, type: "email", value: "b@x.org" })
    const rows = {
      identities: [
        { id: 1, type: "phone_number", value: "1" },
        { id: 2, type: "email", value: "B@x.org" }
      ]
    }
    expect(userIdentities.lookup[0]?.read(one, answer(200, rows))).toEqual(["2"])
  })
})
