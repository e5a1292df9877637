import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { type Mapping, mappingHash } from "./Mapping.ts"
import { decodeMapping } from "./MappingCheck.ts"
import { freshserviceToZendesk } from "./mappings/FreshserviceToZendesk.ts"

const copy = (): Mapping => JSON.parse(JSON.stringify(freshserviceToZendesk))
const problems = (json: unknown) =>
  Result.match(decodeMapping(json), {
    onFailure: (list) => list.map((p) => `${p.path} ${p.what}`),
    onSuccess: () => []
  })

describe("a mapping", () => {
  it("that is the default one is sound, also after a stay in the database", () => {
    expect(problems(copy())).toEqual([])
    expect(mappingHash(copy())).toBe(mappingHash(freshserviceToZendesk))
  })

  it("is told every fault at once, with its place", () =>
    expect(
      problems({ ...copy(), format: 2, options: { ...copy().options, clashSuffix: "x" }, extra: 1 }).toSorted()
    ).toEqual(
      ["$.extra Unexpected key", "$.format Expected 2 to be 1", "$.options.clashSuffix must contain {id}"].map((line) =>
        expect.stringContaining(line.split(" ")[0] ?? "")
      )
    ))

  it("may not name fields and value maps that do not exist, nor write a field twice", () =>
    expect(
      problems({
        ...copy(),
        entities: {
          "asset-type": { exclude: [], fields: [], linkField: "ticket_field", onlyUsedBy: "ticket" },
          ticket: {
            links: { from: "things", entity: "asset", into: "c" },
            exclude: [{ when: { field: "gone", in: [true] }, reason: "gone" }],
            fields: [
              { to: "subject", from: "titel" },
              { to: "subject", from: "custom.anything", map: "nowhere" },
              { to: "x" }
            ],
            custom: {
              into: "c",
              as: "list",
              unmapped: "drop",
              fields: [{ from: ["impakt"], to: "1", title: "I", type: "text" }]
            }
          }
        }
      })
    ).toEqual([
      "$.entities.asset-type.linkField no rule writes into ticket_field",
      "$.entities.asset-type.onlyUsedBy no field of ticket refers to asset-type",
      "$.entities.ticket.fields[0].from ticket has no field titel",
      "$.entities.ticket.fields[1].map there is no value map nowhere",
      "$.entities.ticket.fields[2] x has 0 sources",
      "$.entities.ticket.exclude[0].when.field ticket has no field gone",
      "$.entities.ticket.links.from ticket has no field things",
      "$.entities.ticket.fields subject is written twice",
      "$.entities.ticket.custom.fields[0].from ticket has no field impakt"
    ]))

  it.each([null, [], "x", 5, {}])("is not %j", (json) => expect(problems(json).length).toBeGreaterThan(0))
})
