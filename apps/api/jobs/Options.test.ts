import { connectorNamed } from "@bridge/connectors/Connectors"
import { Result } from "effect"
import { assert, describe, it } from "vitest"
import { optionsOf } from "./Options.ts"
import { planOf } from "./Plan.ts"

const [freshservice, zendesk] = ["freshservice", "zendesk"].map((vendor) => {
  const connector = connectorNamed(vendor)
  if (connector === undefined) throw new Error(vendor)
  return connector
})
if (freshservice === undefined || zendesk === undefined) throw new Error("no connectors")
type Asked = Parameters<typeof optionsOf>[2]

const options = (asked: Asked, names?: ReadonlyArray<string>) =>
  optionsOf(freshservice, Result.getOrThrow(planOf(freshservice, zendesk, names)), asked)
const faults = (asked: Asked, names?: ReadonlyArray<string>) =>
  Result.match(options(asked, names), {
    onSuccess: () => [],
    onFailure: ({ code, errors = [] }) => errors.map((e) => `${code} ${e.path.join(".")} ${e.message}`)
  })

describe("the options of a migration", () => {
  it("are kept as they were given, with dates in UTC and entities by their ids", () =>
    assert.deepStrictEqual(
      Result.getOrThrow(
        options({
          since: "2026-01-01T01:00:00+01:00",
          batchSize: 50,
          sampleSize: 5,
          filters: { incidents: { status: ["open", 7], type: "Incident" } }
        })
      ),
      {
        since: "2026-01-01T00:00:00.000Z",
        batchSize: 50,
        sampleSize: 5,
        filters: { ticket: { status: ["open", 7], type: "Incident" } }
      }
    ))

  it("name every fault by its place", () => {
    assert.deepStrictEqual(faults({ since: "2026-02-30T00:00:00Z", until: "2026-13-01T00:00:00Z" }), [
      "options-invalid options.since is not a date that exists",
      "options-invalid options.until is not a date that exists"
    ])
    assert.deepStrictEqual(faults({ until: "2026-02-31T00:00:00Z" }), [
      "options-invalid options.until is not a date that exists"
    ])
    assert.deepStrictEqual(faults({ since: "2026-02-01T00:00:00Z", until: "2026-01-01T00:00:00Z" }), [
      "options-invalid options.until must be after since"
    ])
    const filters = { widgets: {}, comments: { body: "x" }, ticket: { colour: "red", status: "shut", group_id: [] } }
    const found = faults({ filters, sampleSize: 3 }, ["comments", "people"])
    assert.lengthOf(found, 5)
    assert.include(found[0], "options.filters.widgets is no entity")
    assert.include(found[1], "options.filters.comments is not read as such by this migration")
    assert.include(found[2], "options.filters.ticket.colour is no filter here; there are workspace_id, status,")
    assert.include(found[3], "options.filters.ticket.status shut is none of open, pending, resolved, closed")
    assert.include(found[4], "options.filters.ticket.group_id has no value")
  })

  it("refuse a value that no row can have", () => {
    const ticket = { priority: "constructor", status: "__proto__", responder_id: "abc", group_id: 1.5, spam: "yes" }
    assert.deepStrictEqual(
      faults({ filters: { ticket: { ...ticket, requester_id: 1e21 } } }).map((fault) =>
        fault.split(" ").slice(1, 5).join(" ")
      ),
      [
        "options.filters.ticket.priority constructor is none",
        "options.filters.ticket.status __proto__ is none",
        "options.filters.ticket.responder_id abc is no",
        "options.filters.ticket.group_id 1.5 is no",
        "options.filters.ticket.spam yes is neither",
        "options.filters.ticket.requester_id 1e+21 is no"
      ]
    )
  })

  it("ask for a sample only where tickets are moved", () => {
    assert.deepStrictEqual(faults({ sampleSize: 3 }, ["people"]), [
      "options-invalid options.sampleSize is a number of tickets, which are not among the entities"
    ])
    assert.deepStrictEqual(faults({ sampleSize: 3 }, ["people", "tickets"]), [])
  })
})
