import { assert, describe, it } from "vitest"
import { ruleFault } from "./Rules.ts"

describe("a rule of a mapping", () => {
  it("is JSONata, and what is none is told with its place", () => {
    assert.isUndefined(ruleFault('subject & " (" & $string(priority) & ")"'))
    assert.isUndefined(ruleFault("$uppercase(custom.site) ~> $substring(0, 3)"))
    assert.match(ruleFault("subject & (") ?? "", /no JSONata.*at \d+/)
  })

  it("gives the same answer every time", () => {
    for (const name of ["now()", "millis()", "random()", "shuffle([1,2])", 'eval("1")'])
      assert.match(ruleFault(`subject & $string($${name})`) ?? "", /has no \$/, name)
    assert.match(ruleFault("($f := $now; $f())") ?? "", /has no \$now/)
    assert.match(ruleFault("items.($map($, function($x) { $random() }))") ?? "", /has no \$random/)
  })

  it("has no regular expressions, which may run without end", () =>
    assert.match(ruleFault("$contains(subject, /(a+)+$/)") ?? "", /no regular expressions/))

  it("is short enough to be read", () => {
    assert.match(ruleFault(`"${"x".repeat(2_000)}"`) ?? "", /2000 characters/)
    assert.match(ruleFault(`[${"1,".repeat(600)}1]`) ?? "", /500 parts/)
    assert.match(ruleFault(`${"(".repeat(1_900)}`) ?? "", /JSONata/)
  })
})
