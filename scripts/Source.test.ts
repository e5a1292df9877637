import { expect, it } from "vitest"
import { source } from "./Source.ts"

const code = (text: string): string => source("a.ts", text).code
const imports = (text: string) => source("a.ts", text).imports

it("keeps code and blanks comments and strings, at the same places", () => {
  expect(code('const a = "async" // try {\nreturn a')).toBe('const a = "     "         \nreturn a')
  expect(code("/* await */ x = 'it\\'s async'")).toBe("            x = '           '")
})

it("sees the code inside a template, not its text", () => {
  expect(code("`async ${await x} try`").replaceAll(" ", "")).toBe("`${awaitx}`")
  expect(code("`a ${`b ${{ c: async }} d`} e` + await")).toContain("{{ c: async }}")
  expect(code("`${a}` + '`' + await")).toContain("await")
})

it("tells a regular expression from a division", () => {
  expect(code("x = /\"`'/.test(y) && await").endsWith("&& await")).toBe(true)
  expect(code("x = a / b / await")).toBe("x = a / b / await")
  expect(code('x = /[/"]/g; await').endsWith("; await")).toBe(true)
})

it("finds every form of import with its line", () =>
  expect(
    imports(
      `import { a,\n  b } from "./A.ts"\nimport "side"\nexport { c } from "./C.ts"\nconst d = await import("./D.ts")\n// import "no"\nconst s = 'import "no"'`
    )
  ).toEqual([
    { line: 1, from: "./A.ts", handsOn: false },
    { line: 3, from: "side", handsOn: false },
    { line: 4, from: "./C.ts", handsOn: true },
    { line: 5, from: "./D.ts", handsOn: false }
  ]))

it("does not take an exported value for something handed on", () =>
  expect(imports('export const a = "x"\nexport { b }')).toEqual([]))
