import { expect, it } from "vitest"
import { statements } from "./Migrate.ts"

it("cuts a file at statement ends only, not in quotes, bodies or comments", () => {
  const text = "create table a (b text default 'x;y'); -- one; two\ndo $$ begin perform 1; end $$;\nselect 1"
  expect(statements(text).map((s) => s.trim())).toEqual([
    "create table a (b text default 'x;y')",
    "-- one; two\ndo $$ begin perform 1; end $$",
    "select 1"
  ])
})

it("leaves out what is only a comment", () => expect(statements("select 1;\n-- the end\n")).toEqual(["select 1"]))
