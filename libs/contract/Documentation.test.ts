// The documentation of the API is whole: every route, group and parameter has words, and every example is one that is taken.
import { Result, Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { describe, expect, it } from "vitest"
import { Api } from "./Api.ts"
import { fields, groups, parameters, routes } from "./Documentation.ts"

const spec = OpenApi.fromApi(Api)
const methods = ["get", "post", "put", "patch", "delete"] as const
const operations = Object.values(spec.paths).flatMap((path) => methods.flatMap((method) => path[method] ?? []))

describe("the documentation of the API", () => {
  it("has a summary for every route, and no route that is not there", () => {
    expect(Object.keys(routes).toSorted()).toEqual(operations.map((o) => o.operationId).toSorted())
    expect(operations.filter((o) => !o.summary)).toEqual([])
  })

  it("explains every group and every parameter", () => {
    expect(spec.tags.map((tag) => tag.name)).toEqual(Object.keys(Api.groups))
    expect(Object.keys(groups)).toEqual(Object.keys(Api.groups))
    const named = operations.flatMap((o) => o.parameters)
    expect(named.filter((p) => !p.description).map((p) => p.name)).toEqual([])
    expect(Object.keys(parameters).toSorted()).toEqual([...new Set(named.map((p) => p.name))].toSorted())
  })

  it("explains fields that there are", () => {
    const text = JSON.stringify(spec.components.schemas)
    for (const words of Object.values(fields)) expect(text).toContain(JSON.stringify(words))
  })

  it("says how long a password is", () =>
    expect(JSON.stringify(spec.components.schemas["NewTenant"])).toContain("10 to 256 characters"))

  it("gives an example for every body, and Bridge takes it", () => {
    for (const group of Object.values(Api.groups))
      for (const endpoint of Object.values(group.endpoints)) {
        const id = `${group.identifier}.${endpoint.identifier}`
        const bodies = [...endpoint.payload.values()].flatMap(({ schemas }) => schemas)
        expect([id, bodies.length > 0]).toEqual([id, routes[id]?.example !== undefined])
        for (const body of bodies) expect([id, Result.isSuccess(taken(body, routes[id]?.example))]).toEqual([id, true])
      }
  })

  it("shows what every refusal looks like", () => {
    const refusals = operations
      .flatMap((o) => Object.entries(o.responses))
      .filter(([status]) => Number(status) >= 400)
      .map(([, response]) => response.content?.["application/problem+json"])
    expect(refusals.length).toBeGreaterThan(100)
    expect(refusals.filter((content) => !JSON.stringify(content).includes('"hint":"'))).toEqual([])
  })
})

const taken = (schema: Schema.Top, example: unknown) =>
  Schema.decodeUnknownResult(schema as Schema.Codec<unknown>)(example, { onExcessProperty: "error" })
