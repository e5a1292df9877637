import { defaultMapping } from "@bridge/domain/DefaultMapping"
import type { FieldRule, Mapping } from "@bridge/domain/Mapping"
import { decodeMapping } from "@bridge/domain/MappingCheck"
import { ruleFault } from "@bridge/domain/Rules"
import { Effect, Result } from "effect"
import { assert, describe, it, vi } from "vitest"
import { ticket } from "../testing/Samples.ts"
import { compile } from "../transform/Compile.ts"
import { compileRule, limits, rulesOf, withRules } from "./Rules.ts"

const run = (rule: string, record: object = {}) => compileRule(rule)(record)

describe("a rule over a record", () => {
  it("gives a value, a list or nothing", async () => {
    const record = { subject: "Printer", tags: ["a", "b"], custom: { site: "Berlin" } }
    assert.deepStrictEqual(await run('subject & " in " & custom.site', record), { value: "Printer in Berlin" })
    assert.deepStrictEqual(await run("tags.($uppercase($))", record), { value: ["A", "B"] })
    assert.deepStrictEqual(await run("nothing.here", record), { value: null })
    assert.deepStrictEqual(await run('tags[0] = "a" ? {"first": true} : null', record), { value: { first: true } })
  })

  it("may use JSONata's functions as they are, with some of their arguments too", async () => {
    const record = { subject: "Printer", tags: ["b", "a", "b"] }
    assert.deepStrictEqual(await run('$join($sort($distinct(tags)), "-")', record), { value: "a-b" })
    assert.deepStrictEqual(await run("($head := $substring(?, 0, 3); $head(subject))", record), { value: "Pri" })
    assert.deepStrictEqual(await run('$replace(subject, "r", "rr")', record), { value: "Prrinterr" })
    assert.deepStrictEqual(await run("tags ~> $map(function($t) { $uppercase($t) })", record), {
      value: ["B", "A", "B"]
    })
    assert.deepStrictEqual(await run('tags.$contains("b")', record), { value: [true, false, true] })
  })

  it("changes nothing of the record, nor of anything else", async () => {
    const record = { subject: "x", inner: { a: 1 } }
    await run('$ ~> |inner|{"a": 2}|', record)
    await run('$ ~> |$|{"__proto__": {"polluted": true}}|', record)
    await run('{"__proto__": {"polluted": true}}', record)
    assert.deepStrictEqual(record, { subject: "x", inner: { a: 1 } })
    assert.notProperty({}, "polluted")
    assert.notInclude(JSON.stringify(await run("constructor.constructor", record)), "unction")
  })

  it("fails by itself, in words", async () => {
    assert.match(JSON.stringify(await run('$number("x")')), /fault.*number/i)
    for (const rule of ["function($x) { $x }", "$sum", '{"a": [function($x) { $x }]}'])
      assert.deepStrictEqual(await run(rule), { fault: "gives a function" })
    assert.match(JSON.stringify(await run('$error("no site")')), /no site/)
  })
})

describe("a hostile rule", () => {
  const hostile = [
    ["recursion without end", "($f := function($x) { $f($x + 1) + 1 }; $f(1))"],
    ["a loop without end", "($f := function($x) { $f($x + 1) }; $f(1))"],
    ["a text that doubles", '($f := function($t, $n) { $n = 0 ? $t : $f($t & $t, $n - 1) }; $f("xxxxxxxx", 60))'],
    ["a list that doubles", "($f := function($l, $n) { $n = 0 ? $l : $f($append($l, $l), $n - 1) }; $f([1..100], 60))"],
    ["a long padding", '$pad("x", 1000000000)'],
    ["a long list", "[1..9999999]"],
    ["lists in lists", "[1..3000].([1..3000].([1..3000]))"],
    ["sorting of much", "$sort([1..9000], function($a, $b) { $a < $b }) ~> $sum()"],
    ["a long answer", '[1..5000].("padding around " & $string($))'],
    ["texts of texts", '($p:=$pad("",60000); $l:=$split($pad("",16000,"ab"),"a"); [$join($l,$p), $join($l,$p)])'],
    ["long texts compared", '($p:=$pad("",65000,"a"); $r:=[1..3000].($p & $); $count($distinct($r)))'],
    ["much compared with much", "$count($distinct([1..9000]))"],
    ["a text in place of each letter", '$replace($pad("",60000,"a"), "a", $pad("",60000,"b"))'],
    ["letters one by one, again and again", '($p:=$pad("",60000); $count([1..5000].$substring($p, 0, 10)))'],
    ["a list out of a text", '$count($split($pad("",65000,"ab"), "a"))'],
    ["a text out of a list", '($p:=$pad("",60000); $length($string([1..9000].$p)))'],
    ["many sorted again and again", "$count([1..9000].($sort([1..9000])))"],
    ["a copy of all, again and again", '($p:=$pad("",60000); $count([1..3000].({"a": $p} ~> |$|{}|)))'],
    ["a picture without end", '$formatNumber(1, $pad("",60000,"0"))']
  ] as const
  it("is stopped within its limits, and what stops it is told", async () => {
    for (const [name, rule] of hostile) {
      assert.isUndefined(ruleFault(rule), name)
      // Of its own time: on a busy machine the clock on the wall tells of others.
      const before = process.cpuUsage()
      assert.property(await run(rule), "fault", name)
      assert.isBelow(process.cpuUsage(before).user / 1000, 4 * limits.millis, name)
    }
  })
})

const base = defaultMapping("freshservice", "zendesk") as Mapping
const withFields = (fields: ReadonlyArray<FieldRule>): Mapping => ({
  ...base,
  entities: { ...base.entities, ticket: { fields, exclude: [] } }
})

describe("the limits of a rule", () => {
  it("count steps and characters, which are the same on every machine", async () => {
    const adding = "($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s + 1) }; $f(3000, 0))"
    const [many, long] = [await run(adding), await run('"x" & $pad("y", 65535) & "z"')]
    assert.deepStrictEqual(many, { fault: "takes more than 20000 steps" })
    assert.deepStrictEqual(long, { fault: "makes a text of more than 65536 characters" })
    assert.property(await run("$pad('x', 65000)"), "value")
  })
})

describe("the time of a rule", () => {
  it("is its own: the clock on the wall may jump as it likes", async () => {
    let jumps = 0
    const clock = vi.spyOn(Date, "now").mockImplementation(() => jumps++ * 60_000)
    try {
      assert.deepStrictEqual(await run('$uppercase("a") & "b"'), { value: "Ab" })
      const adding = "($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s + 1) }; $f(500, 0))"
      assert.deepStrictEqual(await run(adding), { value: 500 })
    } finally {
      clock.mockRestore()
    }
  })

  it("ends where no count sees how much it does in a step", async () => {
    const sorting = "($f := function($n) { $n = 0 ? 0 : $f($n - 1 + 0 * $count($sort([1..9000]))) }; $f(9000))"
    assert.deepStrictEqual(await compileRule(sorting, 20)({}), { fault: "takes more than 20 ms" })
  })
})

describe("a mapping with rules", () => {
  const mapping = withFields([
    { to: "subject", rule: '"[" & native_id & "] " & subject', transform: [{ do: "truncate", bytes: 12 }] },
    { to: "tags", concat: [{ constant: "moved" }, { rule: "tags" }, { rule: '$error("never")' }] },
    { to: "type", from: "priority" }
  ])
  const both = [ticket({ subject: "Fire", tags: ["x"] }), ticket({ subject: "Water", tags: [], native_id: "18" })]
  const over = (m: Mapping) =>
    Effect.runPromise(withRules(m, compile(m), (transforms) => both.map((one) => transforms.ticket(one))))

  const passesOf = async (m: Mapping) => {
    const passes: Array<boolean> = []
    await Effect.runPromise(withRules(m, compile(m), (_, asking) => void passes.push(asking)))
    return passes
  }

  it("takes values from them as from fields, each record its own, and goes on where one fails", async () => {
    const [fire, water] = await over(mapping)
    assert.strictEqual(fire?.element?.body["subject"], "[17] Fire")
    assert.strictEqual(water?.element?.body["subject"], "[18] Water")
    assert.deepStrictEqual(fire?.element?.body["tags"], ["moved", "x"])
    assert.deepStrictEqual(water?.element?.body["tags"], ["moved"])
    assert.deepStrictEqual(
      fire?.warnings.map((w) => [w.code, w.field]),
      [["rule-failed", "tags"]]
    )
    assert.deepStrictEqual(await over(mapping), [fire, water])
  })

  it("is asked in the order in which its fields are written", () =>
    assert.deepStrictEqual(rulesOf(mapping.entities.ticket), [
      '"[" & native_id & "] " & subject',
      "tags",
      '$error("never")'
    ]))

  it("leaves out a record whose required field its rule cannot fill", async () => {
    const [one] = await over(withFields([{ to: "subject", rule: "nowhere", required: true }]))
    assert.deepInclude(one, { element: null, excluded: "no subject" })
  })

  it("is refused with the place of a rule that is none", () => {
    const bad = decodeMapping(withFields([{ to: "subject", rule: "$now()" }]))
    assert.isTrue(Result.isFailure(bad))
    if (Result.isFailure(bad)) assert.deepInclude(bad.failure[0], { path: "$.entities.ticket.fields[0].rule" })
    const two = decodeMapping(withFields([{ to: "subject", rule: "subject", from: "subject" }]))
    assert.isTrue(Result.isFailure(two))
  })

  it("without rules is passed through once", async () => {
    const passes = await passesOf(withFields([{ to: "subject", from: "subject" }]))
    assert.deepStrictEqual(passes, [false])
  })

  it("passes twice where there are some, and says which pass only asks", async () => {
    assert.deepStrictEqual(await passesOf(mapping), [true, false])
  })
})
