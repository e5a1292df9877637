import { entityIds } from "@bridge/domain/Entities"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { type CanonicalRecord, recordFields } from "@bridge/domain/RecordFields"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { resolve } from "../resolve/Resolve.ts"
import { compile, elementHash } from "./Compile.ts"

const transforms = compile(freshserviceToZendesk)

describe("any record", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", " ", "\0", "\ud800", "<p>", "2024-01-01T00:00:00Z", "9".repeat(400))
  )
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.constant(null),
    fc.constant(undefined),
    fc.boolean(),
    fc.double(),
    text,
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 })
  )
  const record = (id: (typeof entityIds)[number]) =>
    fc.record(
      Object.fromEntries(Object.keys(recordFields[id]).map((name) => [name, name.endsWith("_id") ? text : value]))
    )

  it.each(entityIds)("of %s is resolved and transformed without a throw, into what PostgreSQL can hold", (id) =>
    fc.assert(
      fc.property(record(id), (given) => {
        const resolved = resolve(id, given as never)
        if (resolved._tag === "Refused") return
        const { element, excluded } = transforms[id](resolved.record as CanonicalRecord)
        expect(element === null).toBe(excluded !== null)
        if (element === null) return
        const json = JSON.stringify(element)
        expect(json).not.toMatch(/\\u0000|\\u[dD][89abAB][0-9a-fA-F]{2}/u)
        expect(elementHash(JSON.parse(json))).toBe(elementHash(element))
      }),
      { numRuns: 300 }
    )
  )
})
