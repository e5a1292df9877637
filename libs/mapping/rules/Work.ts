// What JSONata's own functions do in a rule, counted by the size of what they are given before they begin: within one of them no
// limit holds, and a short rule can make them work for minutes or fill the memory. Counts are the same on every machine. For Rules.ts.
import jsonata from "jsonata"

/** How much of `size` a function takes for a unit of work, and what it may be given. */
interface Cost {
  readonly size: (args: ReadonlyArray<unknown>) => number
  /** Units of size that cost as much as one character that is looked at by itself. */
  readonly perUnit?: number
  readonly refuse?: (args: ReadonlyArray<unknown>, limits: Sizes) => string | undefined
}

/** Limits of one rule over one record. */
export interface Sizes {
  readonly sequence: number
  readonly text: number
  /** Characters and elements that all functions together may look at one by one. */
  readonly work: number
}

const texts = (args: ReadonlyArray<unknown>): number => args.reduce<number>((sum, arg) => sum + textIn(arg), 0)
const textIn = (arg: unknown): number =>
  typeof arg === "string" ? arg.length : Array.isArray(arg) ? arg.reduce((sum, one) => sum + 1 + lengthOf(one), 0) : 1
const lengthOf = (one: unknown): number => (typeof one === "string" ? one.length : 0)

const elements = (args: ReadonlyArray<unknown>): number =>
  args.reduce<number>((sum, arg) => sum + (Array.isArray(arg) ? arg.length : 1), 0)

/** Everything in it, however deep. */
const whole = (args: ReadonlyArray<unknown>): number => {
  const open: Array<unknown> = [...args]
  let sum = 0
  while (open.length > 0) {
    const value = open.pop()
    sum += 1 + lengthOf(value)
    if (typeof value === "object" && value !== null && !isFunction(value)) open.push(...Object.values(value))
  }
  return sum
}

/** JSONata's functions are objects of its own, which lead to all of its environment. */
export const isFunction = (value: object): boolean => "_jsonata_lambda" in value || "_jsonata_function" in value

/** Each is compared with each. */
const pairs = (args: ReadonlyArray<unknown>): number => whole(args) + elements(args) ** 2 / 2

export const tooLong = ({ text }: Pick<Sizes, "text">): string => `makes a text of more than ${text} characters`

const joined = ([list, separator]: ReadonlyArray<unknown>, limits: Sizes): string | undefined => {
  const count = Array.isArray(list) ? list.length : 1
  const size = textIn(list) - count + Math.max(0, count - 1) * lengthOf(separator)
  return size > limits.text ? tooLong(limits) : undefined
}

const replaced = ([text, pattern, by]: ReadonlyArray<unknown>, limits: Sizes): string | undefined => {
  if (typeof text !== "string" || typeof pattern !== "string" || typeof by !== "string" || pattern === "")
    return undefined
  const times = text.split(pattern).length - 1
  return text.length + times * (by.length - pattern.length) > limits.text ? tooLong(limits) : undefined
}

const mostPicture = 300
const pictured = (args: ReadonlyArray<unknown>): string | undefined =>
  args.some((arg) => lengthOf(arg) > mostPicture)
    ? `has a picture or number of more than ${mostPicture} characters`
    : undefined

/** The engine looks through texts many characters at a time. */
const scan: Cost = { size: texts, perUnit: 8 }
/** JSONata makes a list of a text's characters. */
const spell: Cost = { size: texts }
const list: Cost = { size: elements }
const picture: Cost = { size: texts, refuse: pictured }

const costs: Readonly<Record<string, Cost>> = {
  ...named(["contains", "split", "lowercase", "uppercase", "trim", "substringBefore", "substringAfter"], scan),
  ...named(
    ["base64encode", "base64decode", "encodeUrl", "encodeUrlComponent", "decodeUrl", "decodeUrlComponent"],
    scan
  ),
  join: { ...scan, refuse: joined },
  replace: { ...scan, refuse: replaced },
  ...named(["substring", "length", "number"], spell),
  ...named(["formatNumber", "formatInteger", "parseInteger", "toMillis", "fromMillis"], picture),
  ...named(
    ["sum", "max", "min", "average", "map", "filter", "single", "reduce", "zip", "append", "reverse", "sort"],
    list
  ),
  ...named(["string", "clone", "merge", "spread", "keys", "sift", "each"], { size: whole }),
  distinct: { size: pairs }
}

function named(names: ReadonlyArray<string>, cost: Cost): Readonly<Record<string, Cost>> {
  return Object.fromEntries(names.map((name) => [name, cost]))
}

/** As JSONata holds one of its own. */
interface Builtin {
  readonly implementation: (...args: ReadonlyArray<unknown>) => unknown
}

/** Asked once: JSONata gives them only to who evaluates their names. */
const builtins: Promise<ReadonlyArray<readonly [string, Builtin]>> = Promise.all(
  Object.keys(costs).map((name) =>
    jsonata(`$${name}`)
      .evaluate({})
      .then((builtin: Builtin) => [name, builtin] as const)
  )
)

/** JSONata's functions in place of its own, each of which tells `spend` what it is about to do. */
export const counted = (
  spend: (work: number) => void,
  limits: Sizes
): Promise<ReadonlyArray<readonly [string, object]>> =>
  builtins.then((all) =>
    all.map(([name, builtin]) => [name, { ...builtin, implementation: guarded(name, builtin, spend, limits) }])
  )

const guarded = (name: string, { implementation }: Builtin, spend: (work: number) => void, limits: Sizes) => {
  const { perUnit = 1, refuse, size } = costs[name] as Cost
  const checked = (result: unknown): unknown => {
    if (Array.isArray(result) && result.length > limits.sequence)
      throw new Error(`makes a list of more than ${limits.sequence}`)
    return result
  }
  function guard(this: unknown, ...args: ReadonlyArray<unknown>): unknown {
    spend(size(args) / perUnit)
    const fault = refuse?.(args, limits)
    if (fault !== undefined) throw new Error(fault)
    const result: unknown = Reflect.apply(implementation, this, args)
    return result instanceof Promise ? result.then(checked) : checked(result)
  }
  // JSONata reads the names of parameters from the source where a function is given only some of its arguments.
  return Object.defineProperty(guard, "toString", { value: () => implementation.toString() })
}
