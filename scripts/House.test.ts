import { expect, it } from "vitest"
import { sources } from "./Checkout.ts"
import { edges, untidy } from "./House.ts"
import { source } from "./Source.ts"

const found = (path: string, text: string): ReadonlyArray<string> =>
  untidy(source(path, `// What it is, for whom.\n${text}`)).map(({ line, rule }) => `${line} ${rule}`)

it("refuses in a room what only an edge may do", () => {
  for (const text of [
    "async () => 1",
    "try { a() } catch {}",
    "Date.now()",
    "new Date()",
    "setTimeout(f, 1)",
    "process.env.A",
    "console.log(1)"
  ])
    expect(found("libs/flow/Stage.ts", text), text).toHaveLength(1)
})

it("lets the edges do it", () => {
  expect(found("infra/Stack.ts", "async () => console.log(Date.now())")).toEqual([])
  expect(found("libs/flow/Stage.test.ts", "async () => setTimeout(f, 1)")).toEqual([])
  expect(found("libs/kafka/Client.ts", "async () => {}")).toEqual([])
  expect(found("libs/kafka/Client.ts", "process.env.A")).toHaveLength(1)
})

it("does not mind words, names and given dates", () =>
  expect(
    found("libs/flow/Stage.ts", '// async\nconst a = { async: "try {", retry: new Date(0), b: Deferred.await(d) }')
  ).toEqual([]))

it("names the line", () => expect(found("libs/flow/Stage.ts", "a()\nconsole.log(1)")[0]).toMatch(/^3 /))

it("refuses a file that is too long to read, and one without a header", () => {
  expect(found("libs/flow/Stage.ts", "a()\n".repeat(399))).toEqual([])
  expect(found("libs/flow/Stage.ts", "a()\n".repeat(400))).toHaveLength(1)
  expect(untidy(source("libs/flow/Stage.ts", "a()"))).toHaveLength(1)
})

it("names no edge that is gone", () => {
  const paths = sources().map(({ path }) => path)
  expect(edges.filter((edge) => !paths.some((path) => edge.path.test(path)))).toEqual([])
})
