import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, posix } from "node:path"
import { commands } from "@bridge/cli/Cli"
import { commonHelp, helpOf } from "@bridge/cli/Command"
import { entityIds } from "@bridge/domain/Entities"
import { describe, expect, it } from "vitest"

const root = new URL("../", import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), "utf8")
const skipped = /(^|\/)(node_modules|\.bridge|\.git|dist|coverage)(\/|$)/

/** Every file of the checkout below these folders, as paths from its root. */
const below = (...folders: ReadonlyArray<string>): ReadonlyArray<string> =>
  folders.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true })
      .map((file) => posix.join(folder, String(file).replaceAll("\\", "/")))
      .filter((path) => !skipped.test(path))
  )
const files = [
  ...readdirSync(root).filter((name) => !skipped.test(name)),
  ...below(".ci", "apps", "avro", "bench", "docs", "infra", "libs", "patches", "scripts", "test")
]
const sources = files.filter(
  (path) => /^(apps|libs|infra)\/.*\.ts$/.test(path) && !/\.test\.ts$|\/testing\/|^apps\/sandbox\//.test(path)
)

const pages = ["README.md", "CHANGELOG.md", ...files.filter((path) => /^docs\/.*\.md$/.test(path))]
/** Decisions stay as they were written; what they name may be gone. */
const living = pages.filter((path) => !path.startsWith("docs/adr/"))

/** Fenced blocks of one language. */
const blocks = (page: string, language: string): ReadonlyArray<string> =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap((m) => (m[1] === language ? [m[2] ?? ""] : []))
const prose = (page: string): string => page.replace(/^```[\s\S]*?^```$/gm, "")
/** What stands in backticks, outside of blocks. */
const quoted = (page: string): ReadonlyArray<string> => [...prose(page).matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? "")
/** The cells of every table row. */
const rows = (page: string): ReadonlyArray<ReadonlyArray<string>> =>
  prose(page)
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) => line.slice(1, line.lastIndexOf("|")).split("|"))

const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .trim()
    .replace(/\s/g, "-")

describe("a link in the docs", () => {
  it("leads to a file that is there, and to a heading in it", () => {
    const broken = pages.flatMap((path) =>
      [...prose(text(path)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
        if (/^[a-z]+:/.test(target)) return []
        const [file = "", heading = ""] = target.split("#")
        const to = file === "" ? path : posix.join(dirname(path), file)
        if (!existsSync(new URL(to, root))) return [`${path}: ${target}`]
        if (heading === "") return []
        const headings = [...text(to).matchAll(/^#+ (.+)$/gm)].map((m) => slug(m[1] ?? ""))
        return headings.includes(heading) ? [] : [`${path}: ${target}`]
      })
    )
    expect(broken).toEqual([])
  })

  it("from docs/README.md leads to every page", () => {
    const index = text("docs/README.md")
    const missing = pages.filter((p) => /^docs\/[^/]+\.md$/.test(p) && p !== "docs/README.md")
    expect(missing.filter((p) => !index.includes(`(${posix.basename(p)})`))).toEqual([])
  })
})

describe("a path in backticks", () => {
  const folder = /^(\.ci|apps|avro|bench|docs|infra|libs|patches|scripts|test)\/[\w./-]*$/
  const file = /^[\w./-]*[\w-]\.(ts|mjs|sql|avsc|yml|md|system\.test\.ts|integration\.test\.ts)$/
  /** Forms of names, not names. */
  const forms = /^(X\.|\*|<)/

  it("is there", () => {
    const gone = living.flatMap((path) =>
      quoted(text(path)).flatMap((span) => {
        if (forms.test(span) || span.startsWith(".bridge/")) return []
        if (folder.test(span)) return existsSync(new URL(span, root)) ? [] : [`${path}: ${span}`]
        if (!file.test(span)) return []
        return files.some((f) => f === span || f.endsWith(`/${span}`)) ? [] : [`${path}: ${span}`]
      })
    )
    expect(gone).toEqual([])
  })
})

describe("an example in the docs", () => {
  const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> }
  const connector = ["list", "spec", "check", "discover", "read", "write"]
  const services = readdirSync(new URL("apps/", root)).filter((a) => existsSync(new URL(`apps/${a}/main.ts`, root)))

  /** What is wrong with a command a person would type; undefined for other programs. */
  const wrong = (line: string): string | undefined => {
    const words = line.trim().split(/\s+/)
    const [first, second = "", third = ""] = words
    if (first === "npm" && second === "run") {
      if (!(third in scripts)) return "no such script"
      return third === "service" && words[4] !== undefined && !["NAME", ...services].includes(words[4])
        ? "no such service"
        : undefined
    }
    if (first === "npm" && (second === "start" || second === "test"))
      return second in scripts ? undefined : "no such script"
    if (first === "node") return existsSync(new URL(second, root)) ? undefined : "no such file"
    const bridge =
      first === "npx" && second === "bridge" ? words.slice(2) : first === "bridge" ? words.slice(1) : undefined
    if (bridge === undefined || bridge[0]?.startsWith("--") !== false) return undefined
    if (bridge[0] === "COMMAND") return undefined
    if (bridge[0] === "connector")
      return bridge[1] === undefined || bridge[1].startsWith("{") || connector.includes(bridge[1])
        ? undefined
        : "no such command of connector"
    const command = commands
      .filter((c) => c.name.split(" ").every((word, i) => bridge[i] === word))
      .toSorted((a, b) => b.name.length - a.name.length)[0]
    if (command === undefined) return "no such command"
    const help = `${helpOf(command)}\n${commonHelp}`
    return bridge.find((word) => word.startsWith("--") && !help.includes(word.split("=")[0] ?? word))
  }

  it("names scripts, services, files, commands and options that are there", () => {
    const lines = living.flatMap((path) => [
      ...blocks(text(path), "sh")
        .join("\n")
        .replace(/\\\n/g, " ")
        .split("\n")
        .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/\$\(|&&|\||;/))
        .map((line) => ({ path, line })),
      ...quoted(text(path)).map((line) => ({ path, line }))
    ])
    const faults = lines.flatMap(({ line, path }) => {
      const fault = wrong(line)
      return fault === undefined ? [] : [`${path}: ${line.trim()}: ${fault}`]
    })
    expect(faults).toEqual([])
  })

  it("is JSON where it says so, whole or line by line", () => {
    const parses = (json: string): boolean => {
      try {
        JSON.parse(json)
        return true
      } catch {
        return false
      }
    }
    const faults = pages.flatMap((path) =>
      blocks(text(path), "json")
        .filter((b) => !parses(b) && !b.trim().split("\n").every(parses))
        .map((b) => `${path}: ${b.slice(0, 60)}`)
    )
    expect(faults).toEqual([])
  })
})

describe("docs/operations.md", () => {
  const operations = text("docs/operations.md")
  const variable = /\b(?:BRIDGE|KAFKA|DATABASE|SCHEMA_REGISTRY)_[A-Z_]*[A-Z]\b/g
  const inCode = new Set(sources.flatMap((path) => text(path).match(variable) ?? []))
  const configuration = rows(operations.split("## Configuration")[1]?.split("\n## ")[0] ?? "").slice(1)

  it("names every variable that the code reads, and no other", () => {
    const named = new Set(prose(operations).match(variable))
    expect([...inCode].filter((name) => !named.has(name))).toEqual([])
    expect([...named].filter((name) => !inCode.has(name))).toEqual([])
  })

  it("has a row for every variable of a service", () => {
    const read = sources.flatMap((path) =>
      /\bConfig\b/.test(text(path))
        ? [...text(path).matchAll(/"((?:BRIDGE|KAFKA|DATABASE|SCHEMA_REGISTRY)_[A-Z_]+)"/g)]
        : []
    )
    const table = new Set(configuration.flatMap(([names = ""]) => names.match(variable) ?? []))
    expect([...new Set(read.map((m) => m[1] ?? ""))].filter((name) => !table.has(name)).toSorted()).toEqual([])
  })

  it("tells defaults as they are", () => {
    const given = new Map<string, string>()
    const call = /"([A-Z][A-Z_]+)"\)\s*\.pipe\(\s*Config\.withDefault\(([^()]*(?:\([^()]*\))?)\)/g
    for (const path of sources) {
      for (const [, name = "", value = ""] of text(path).matchAll(call)) given.set(name, value)
      for (const [, name = "", value = ""] of text(path).matchAll(/millis\("([A-Z_]+)", ("[^"]+")\)/g))
        given.set(name, value)
    }
    const plain = (value: string): string | undefined => {
      const [, amount, unit] = /^Duration\.(?:(?=.*\((\d+)\))(\w+))/.exec(value) ?? []
      if (amount !== undefined) return `${amount} ${unit}`
      if (/^[\d_]+$/.test(value)) return value.replaceAll("_", "")
      return value === "true" || value === "false" ? value : /^"([^"]*)"/.exec(value)?.[1]
    }
    const faults = configuration.flatMap(([names = "", cell = ""]) =>
      (names.match(variable) ?? []).flatMap((name) => {
        const value = plain(given.get(name) ?? "")
        return value === undefined || cell.includes(value) ? [] : [`${name}: ${value}, not ${cell.trim()}`]
      })
    )
    expect(given.size).toBeGreaterThan(15)
    expect(faults).toEqual([])
  })

  it("names no metric that nothing updates", () => {
    const all = sources.map(text).join("\n")
    const made = [...all.matchAll(/const (\w+) = (?:Metric\.)?(?:counter|gauge|histogram)\(\s*"bridge_/g)]
    const still = made
      .map((m) => m[1] ?? "")
      .filter((name) => (all.match(new RegExp(`Metric\\.[^\\n]*\\b${name}\\b`, "g")) ?? []).length < 1)
    expect(made.length).toBeGreaterThan(10)
    expect(still).toEqual([])
  })

  it("names every metric that is counted, and no other", () => {
    const made = /\b(?:counter|gauge|histogram|timer|summary|frequency)\(\s*"(bridge_\w+)"/g
    const counted = sources.flatMap((path) => [...text(path).matchAll(made)].map((m) => m[1] ?? ""))
    const named = new Set(operations.match(/\bbridge_\w+(?=`)/g)?.filter((name) => name !== "bridge_app"))
    expect([...named].toSorted()).toEqual(counted.toSorted())
  })
})

describe("docs/flow.md", () => {
  it("names functions that are in the files of their row", () => {
    const faults = rows(text("docs/flow.md")).flatMap((cells) => {
      const row = cells.join("|")
      const there = quoted(row).filter((span) => span.endsWith(".ts"))
      const code = there.map((path) => text(path)).join("\n")
      return [...row.matchAll(/`(\w+)\(\)`/g)]
        .map((m) => m[1] ?? "")
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(code))
        .map((name) => `${there.join(", ")}: ${name}`)
    })
    expect(faults).toEqual([])
  })
})

describe("docs/api.md", () => {
  it("names every entity there is, in the order of the catalogue", () => {
    const [, named = ""] = /\*\*Entities\*\*: `([^`]+)`/.exec(text("docs/api.md")) ?? []
    expect(named.split(/,\s+/)).toEqual(entityIds)
  })
})

describe("docs/promises.md", () => {
  const sections = text("docs/promises.md")
    .split(/^## (?=\d)/m)
    .slice(1)
  const cites = (path: string, number: string): boolean =>
    [...text(path).matchAll(/[Pp]romises? (\d(?:(?:,| and) \d)*)/g)].some((m) => m[1]?.includes(number))

  it("has the eight promises", () =>
    expect(sections.map((s) => s[0])).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]))

  it("names for each where it is kept, in files that cite it, and the tests with which it falls", () => {
    const faults = sections.flatMap((section) => {
      const number = section[0] ?? ""
      const guards = rows(section).slice(1)
      const kept = guards.flatMap(([, where = ""]) => quoted(where))
      const tests = guards.flatMap(([, , test = ""]) => {
        const [path = ""] = quoted(test)
        return [...test.matchAll(/"([^"]+)"/g)].map((m) => [path, m[1] ?? ""] as const)
      })
      return [
        ...(kept.length > 0 && tests.length > 0 ? [] : [`promise ${number} has no guard or no test`]),
        ...kept.filter((path) => !cites(path, number)).map((path) => `${path} does not cite promise ${number}`),
        ...tests.flatMap(([path, name]) => (text(path).includes(name) ? [] : [`${path} has no test "${name}"`]))
      ]
    })
    expect(faults).toEqual([])
  })
})

describe("a decision", () => {
  const decisions = files.filter((path) => path.startsWith("docs/adr/"))

  it("has its five parts in order, on at most 60 lines, and a name with its date", () => {
    for (const path of decisions) {
      expect(posix.basename(path)).toMatch(/^\d{8}-[a-z0-9-]+\.md$/)
      expect(text(path).split("\n").length, path).toBeLessThanOrEqual(61)
      expect([...text(path).matchAll(/^## (.+)$/gm)].map((m) => m[1])).toEqual([
        "Summary",
        "Context",
        "Decision",
        "Consequences",
        "Related"
      ])
    }
  })
})
