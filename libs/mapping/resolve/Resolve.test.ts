import { recordFields } from "@bridge/domain/RecordFields"
import type { PersonRecord } from "@bridge/domain/Records"
import { describe, expect, it } from "vitest"
import { person, ticket } from "../testing/Samples.ts"
import { matchKey } from "./Identity.ts"
import { maxShortText, resolve } from "./Resolve.ts"

const resolved = (changes: Partial<{ [K in keyof PersonRecord]: unknown }>) => {
  const result = resolve("person", { ...person(), ...changes } as PersonRecord)
  if (result._tag === "Refused") throw new Error(result.reason)
  return result
}

describe("resolving", () => {
  it("returns a sound record as it is", () => {
    const sound = ticket()
    expect(resolve("ticket", sound)).toEqual({ _tag: "Resolved", record: sound, notes: [] })
    const result = resolve("ticket", sound)
    expect(result._tag === "Resolved" && result.record === sound).toBe(true)
  })

  it.each([
    ["Ada@Acme.example", "Ada@Acme.example"],
    [" ada @acme.example\u00a0", "ada@acme.example"],
    ["mailto:ada@acme.example", "ada@acme.example"],
    ["Ada Lovelace <ada@acme.example>", "ada@acme.example"],
    ["nobody", null],
    ["a@b@c", null],
    ["", null]
  ])("makes of the address %j %j", (email, expected) => expect(resolved({ email }).record.email).toBe(expected))

  it("notes what it repaired, with the field", () => {
    const { notes, record } = resolved({
      name: "A\0da\ud800",
      created_at: "yesterday",
      tags: ["a", 5, null],
      custom: { a: "x\0", b: [Number.NaN] }
    })
    expect(record).toMatchObject({
      name: "Ada\ufffd",
      created_at: null,
      tags: ["a", "5"],
      custom: { a: "x", b: [null] }
    })
    expect(notes.map((n) => n.field)).toEqual(["created_at", "name", "name", "custom"])
  })

  it("cuts names without end, and leaves long texts alone", () => {
    const long = "x".repeat(maxShortText + 5)
    expect(resolved({ name: long, notes: long }).record).toMatchObject({
      name: long.slice(0, maxShortText),
      notes: long
    })
  })

  it("refuses what has no id", () =>
    expect(resolve("person", { ...person(), native_id: " " })).toEqual({
      _tag: "Refused",
      reason: "native_id is missing"
    }))
})

describe("who is the same", () => {
  it("people by address without case, groups and departments by name without case, trimmed", () => {
    expect(matchKey("person", { email: "Ada@ACME.example" })).toBe("ada@acme.example")
    expect(matchKey("group", { name: "  Service Desk " })).toBe("service desk")
    expect(matchKey("person", { name: "Ada" })).toBeNull()
    expect(matchKey("ticket", { name: "x" })).toBeNull()
  })
})

describe("a file", () => {
  const file = {
    ...Object.fromEntries(Object.keys(recordFields.attachment).map((name) => [name, null])),
    source_id: "attachments/1",
    native_id: "1",
    parent_entity: "ticket",
    parent: "1",
    name: "a.txt",
    size: 5,
    inline: false
  }
  const notesOf = (more: object) => {
    const resolved = resolve("attachment", { ...file, ...more } as never)
    return resolved._tag === "Resolved" ? resolved.notes.map((note) => `${note.code}: ${note.message}`) : []
  }

  it("that could not be had, or is not what the vendor said, is a warning before anybody approves", () => {
    expect(notesOf({ state: "stored", sha256: "a" })).toEqual([])
    expect(notesOf({ state: "stored", sha256: "a", problem: "5 bytes came" })).toEqual([
      "file-differs: a.txt: 5 bytes came"
    ])
    expect(notesOf({ state: "unavailable", problem: "files.x answered 404" })).toEqual([
      "file-unavailable: a.txt could not be had: files.x answered 404"
    ])
    expect(notesOf({ state: "unread" })).toEqual(["file-unavailable: a.txt could not be had: it was not read"])
    expect(notesOf({ state: "unavailable", inline: true }).at(-1)).toBe(
      "image-left: a.txt is shown in the text and cannot be"
    )
  })
})
