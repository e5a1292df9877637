import type { JsonObject, Normalised } from "@bridge/connectors/Connector"
import { connectorNamed } from "@bridge/connectors/Connectors"
import { ticket } from "@bridge/mapping/testing/Samples"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { normaliserOf, processRow } from "./Process.ts"

const normalise = (row: JsonObject): ReadonlyArray<Normalised> => {
  if (row.fail === true) throw new Error("no")
  return row.none === true ? [] : [{ entity: "ticket", sourceId: String(row.id), record: ticket() }]
}
const code = (text: string | Buffer) => {
  const processed = processRow(normalise, typeof text === "string" ? Buffer.from(text) : text, "1")
  return processed._tag === "Poison" ? processed.code : "record"
}

describe("a row", () => {
  it.each([
    ['{"id":1}', "record"],
    [' { "id" : "1" } ', "record"],
    ["{", "not-json"],
    ["", "not-json"],
    [`{"id":1,"deep":${"[".repeat(60_000)}${"]".repeat(60_000)}}`, "too-deep"],
    [`{"id":1,"deep":${"[".repeat(1500)}${"]".repeat(1500)},"long":"${"x".repeat(4000)}"}`, "record"],
    ["[1]", "not-an-object"],
    ["null", "not-an-object"],
    ['{"id":2}', "other-record"],
    ['{"id":1,"none":true}', "no-record"],
    ['{"id":1,"fail":true}', "normalise-failed"]
  ])("%s is %s", (text, expected) => expect(code(text)).toBe(expected))

  it("that is not UTF-8 is poison, and so is one of a stream nobody knows", () => {
    expect(code(Buffer.from([0x22, 0xc3, 0x22]))).toBe("not-utf8")
    expect(processRow(null, Buffer.from("{}"), "1")).toMatchObject({ code: "unknown-stream" })
  })

  it("is read with the record it came under, where the vendor's row does not name it", () => {
    const zendesk = connectorNamed("zendesk")
    if (zendesk === undefined) throw new Error("no connector")
    const comments = normaliserOf(zendesk, {}, "ticket_comments")
    const bytes = Buffer.from(
      '{"id":5,"author_id":9,"html_body":"<p>hi</p>","public":true,"created_at":"2024-05-10T11:32:29Z"}'
    )
    expect(processRow(comments, bytes, "5", "7")).toMatchObject({ records: [{ entity: "comment", parentId: "7" }] })
    expect(processRow(comments, bytes, "5", null)).toMatchObject({ code: "no-record" })
  })

  it("of any bytes is a record or poison, never a throw", () =>
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void code(Buffer.from(bytes)))))
})
