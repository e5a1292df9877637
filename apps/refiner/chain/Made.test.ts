import { connectorNamed } from "@bridge/connectors/Connectors"
import { entityIds } from "@bridge/domain/Entities"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { compile } from "@bridge/mapping/transform/Compile"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type RawRow, refineRows } from "../Batch.ts"
import { normaliserOf, processRow } from "../process/Process.ts"
import { fromText, type Made, resolveAll, toText } from "./Made.ts"

const freshservice = connectorNamed("freshservice")
if (freshservice === undefined) throw new Error("no connector")
const normaliser = (stream: string) => normaliserOf(freshservice, { domain: "a.freshservice.com" }, stream)
const transforms = compile(freshserviceToZendesk)

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "\0", "\ud800", "a@x.org", "2024-01-01T00:00:00Z")
)
const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(1, 2, true, null))
const streams = freshservice.streams.flatMap((stream) =>
  stream.entity === null
    ? []
    : [{ stream: stream.name, entity: stream.entity, fields: Object.keys(Object(stream.schema.properties)) }]
)
const sample = fc.constantFrom(...streams).chain(({ entity, fields, stream }) =>
  fc.record({
    entity: fc.constant(entity),
    stream: fc.constant(stream),
    row: fc.dictionary(fc.constantFrom(...fields), value),
    id: fc.constantFrom("1", "agents/1", "other"),
    whole: fc.boolean()
  })
)

describe("a row whose chain is cut", () => {
  it("becomes what it becomes in one go, whatever is in it and wherever the cut is", () =>
    fc.assert(
      fc.property(sample, ({ entity, id, row, stream, whole }) => {
        const json = JSON.stringify({ id: 1, ...row })
        const raw: RawRow = {
          position: 0,
          sourceId: id,
          parentId: "7",
          rowStream: stream,
          version: "1",
          op: "upsert",
          contentHash: "h",
          eventId: "e",
          bytes: Buffer.from(whole ? json : json.slice(0, -1)),
          blob: null
        }
        const refined = (made?: Made) =>
          refineRows(entity, [made === undefined ? raw : { ...raw, made }], {
            normaliser,
            transforms,
            wanted: new Set(entityIds),
            tell: null
          })
        const without = ({ dead, records }: ReturnType<typeof refined>) => ({
          records: records.map(({ row: _, ...rest }) => rest),
          dead: dead.map(({ row: _, ...rest }) => rest)
        })
        const processed = processRow(normaliser(stream), raw.bytes, id, raw.parentId)
        const afterProcess = fromText(toText(processed))
        const afterBoth = fromText(toText(resolveAll(afterProcess ?? processed)))
        const fused = without(refined())
        for (const made of [afterProcess, afterBoth, fromText(toText(resolveAll(processed)))]) {
          expect(made).toBeDefined()
          expect(without(refined(made))).toEqual(fused)
        }
      }),
      { numRuns: 1000 }
    ))

  it("is done again from the start where the text is none", () => expect(fromText("{")).toBeUndefined())
})
