import { connectorNamed } from "@bridge/connectors/Connectors"
import { type EntityId, entity } from "@bridge/domain/Entities"
import { Result } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { type Plan, planOf } from "./Plan.ts"

const named = (vendor: string) => {
  const connector = connectorNamed(vendor)
  if (connector === undefined) throw new Error(vendor)
  return connector
}
const [freshservice, zendesk] = [named("freshservice"), named("zendesk")]
const plan = (...names: ReadonlyArray<string>): Plan =>
  Result.getOrThrow(planOf(freshservice, zendesk, names.length === 0 ? undefined : names))

describe("a plan", () => {
  it("has every parent of what it moves, and the streams that bring it", () =>
    fc.assert(
      fc.property(fc.subarray(plan().entities.slice(), { minLength: 1 }), (ids) => {
        const { entities: chosen, streams } = plan(...ids)
        for (const id of ids) assert.include(chosen, id)
        for (const id of chosen) {
          const { derivedFrom, parents } = entity(id)
          if (parents.length > 0) assert.isTrue(parents.some((p) => chosen.includes(p)))
          const fed = derivedFrom ?? id
          const brings = freshservice.streams.filter((s) => s.entity === fed).map((s) => s.parent ?? s.name)
          assert.isTrue(brings.some((b) => streams.some((s) => s.stream === b)))
        }
      })
    ))

  it("reads no stream that nobody wants", () => {
    assert.deepStrictEqual(plan("group").streams, [{ stream: "groups", entity: "group" }])
    assert.deepStrictEqual(plan("companies").streams, [{ stream: "departments", entity: "department" }])
  })

  it("is the same in whatever order and however often names come", () => {
    const ids: ReadonlyArray<EntityId> = ["person", "ticket"]
    assert.deepStrictEqual(plan("tickets", "users", "incident").entities, ids)
    assert.deepStrictEqual(plan("person", "request").entities, ids)
  })

  it("names all that is unknown at once", () => {
    const refused = planOf(freshservice, zendesk, ["ticket", "widget", "gadget"])
    assert.deepStrictEqual(
      Result.match(refused, { onSuccess: () => [], onFailure: (p) => p.errors?.map((e) => e.path) ?? [] }),
      [
        ["entities", 1],
        ["entities", 2]
      ]
    )
  })
})
