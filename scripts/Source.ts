// A TypeScript file as the house rules see it: its code without words, and what it imports. For Layers and House.
// Not here: types (tsc) and syntax (Biome).

/** One import, re-export or dynamic import. */
export interface Import {
  readonly line: number
  readonly from: string
  /** `export ... from`: the file hands on what is another's. */
  readonly handsOn: boolean
}

export interface Source {
  /** Path in the checkout, with slashes. */
  readonly path: string
  readonly text: string
  /** The same length and lines; comments and the insides of strings are blank. */
  readonly code: string
  readonly imports: ReadonlyArray<Import>
}

export const source = (path: string, text: string): Source => {
  const code = withoutWords(text)
  return { path, text, code, imports: importsOf(text, code) }
}

/** A test, or what only tests use: `XFixture.ts`, `XSuite.ts`, `TestX.ts`, and all in a folder `testing`. */
export const isTest = (path: string): boolean =>
  /\.test\.ts$|(Fixture|Suite)\.ts$|(^|\/)Test[A-Z]\w*\.ts$|(^|\/)testing\//.test(path)

export const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length

/** The keyword is looked for in the code, the name read from the text at the same place. */
const importsOf = (text: string, code: string): ReadonlyArray<Import> => {
  const form = /(?:\b(import|export)\b[^;"'()]*?\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)(["'])/g
  return [...code.matchAll(form)].flatMap((match) => {
    const start = match.index + match[0].length
    const end = code.indexOf(match[2] ?? '"', start)
    return end < 0
      ? []
      : [{ line: lineOf(code, match.index), from: text.slice(start, end), handsOn: match[1] === "export" }]
  })
}

/** A slash that follows one of these (or nothing) begins a regular expression. */
const beforeRegExp = /(?:^|[(,=:[!&|?{};+>~])\s*$|\b(?:return|case|typeof)\s*$/

const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`|\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[{}]/g

const withoutWords = (text: string): string => {
  const out = text.split("")
  // Where each open brace leads back to: a template's `${` into its text, any other into code.
  const open: Array<"code" | "template"> = []
  let at = 0
  while (at < text.length) {
    tokens.lastIndex = at
    const match = tokens.exec(text)
    if (match === null) break
    const [token] = match
    at = match.index + token.length
    if (token === "{") open.push("code")
    else if (token === "}") at = open.pop() === "template" ? skipTemplate(text, at, out, open) : at
    else if (token === "`") at = skipTemplate(text, at, out, open)
    else if (
      token.startsWith("/") &&
      !/^\/[/*]/.test(token) &&
      !beforeRegExp.test(text.slice(Math.max(0, match.index - 20), match.index))
    )
      at = match.index + 1
    else blank(out, match.index + (/^["']/.test(token) ? 1 : 0), at - (/^["']/.test(token) ? 1 : 0))
  }
  return out.join("")
}

/** Blanks a template's text from `at`; returns the place after its end, or after a `${`, which is code again. */
const skipTemplate = (text: string, at: number, out: Array<string>, open: Array<"code" | "template">): number => {
  for (let i = at; i < text.length; i++) {
    if (text[i] === "`") return i + 1
    if (text[i] === "$" && text[i + 1] === "{") {
      open.push("template")
      return i + 2
    }
    const length = text[i] === "\\" ? 2 : 1
    blank(out, i, i + length)
    i += length - 1
  }
  return text.length
}

const blank = (out: Array<string>, from: number, to: number): void => {
  for (let i = from; i < to; i++) if (out[i] !== "\n") out[i] = " "
}
