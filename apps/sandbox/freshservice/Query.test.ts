import { describe, expect, it } from "vitest"
import type { FieldError } from "./Answers.ts"
import { parseQuery } from "./Query.ts"

const row = {
  priority: 3,
  status: 2,
  responder_id: null,
  tags: ["vip"],
  created_at: "2024-05-10T11:32:29Z",
  type: "Incident",
  custom_fields: { site_code: "N4" }
}

const matches = (query: string): boolean | null => parseQuery(query, [])?.(row) ?? null

describe("query language", () => {
  it.each([
    ['"priority:3"', true],
    ['"priority:>2"', true],
    ['"priority:<2"', false],
    ['"agent_id:null"', true],
    ["\"tag:'vip'\"", true],
    ["\"type:'incident'\"", true],
    ["\"created_at:>'2024-05-10'\"", true],
    ["\"created_at:<'2024-05-10'\"", true],
    ["\"created_at:>'2024-05-11'\"", false],
    ["\"site_code:'N4'\"", true],
    ["\"cf_site_code:'N5'\"", false],
    ['"priority:1 OR status:2 AND priority:3"', true],
    ['"(priority:1 OR status:2) AND priority:1"', false]
  ])("reads %s", (query, expected) => expect(matches(query)).toBe(expected))

  it.each([
    "priority:3",
    '"priority"',
    '"(priority:3"',
    '"priority:3 AND"',
    `"${"priority:3 OR ".repeat(40)}priority:1"`
  ])("refuses %s", (query) => {
    const errors: Array<FieldError> = []
    expect(parseQuery(query, errors)).toBe(null)
    expect(errors[0]).toMatchObject({ field: "query", code: "invalid_value" })
  })
})
