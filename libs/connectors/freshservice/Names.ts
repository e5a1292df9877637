// What Freshservice's numbers stand for: types of relationships, products and vendors of assets. Rows hold the numbers alone; the
// names are read when a migration is made. Source: Freshservice API v2, lists of the same names.
import type { JsonObject } from "@bridge/http/Call"
import type { Call, Discovery } from "../Connector.ts"
import { idOf, textOf, trimmedOf } from "../Values.ts"
import { fieldsIn } from "./Assets.ts"
import type { Config } from "./Config.ts"
import { nextPage, perPage } from "./Lists.ts"

interface Numbers {
  /** Of the list, in paths and answers. */
  readonly list: string
  readonly operation: string
  /** Whose field holds such a number. */
  readonly stream: string
  readonly key: string
  readonly title: string
  readonly nameOf: (row: JsonObject) => string | null
}

const lists: ReadonlyArray<Numbers> = [
  {
    list: "relationship_types",
    operation: "listRelationshipTypes",
    stream: "relationships",
    key: "type",
    title: "Relationship type",
    // Both ways, since no document says which is meant.
    nameOf: (row) => {
      const words = [textOf(row.downstream_relation), textOf(row.upstream_relation)].filter((word) => word !== null)
      return words.length === 0 ? null : [...new Set(words)].join(" / ")
    }
  },
  {
    list: "products",
    operation: "listProducts",
    stream: "assets",
    key: "model",
    title: "Product",
    nameOf: (row) => trimmedOf(row.name)
  },
  {
    list: "vendors",
    operation: "listVendors",
    stream: "assets",
    key: "vendor",
    title: "Vendor",
    nameOf: (row) => trimmedOf(row.name)
  }
]

const callFor = ({ list, operation }: Numbers, page: number): Call => ({
  operation,
  method: "GET",
  path: `/api/v2/${list}`,
  query: { per_page: perPage, page },
  idempotent: true
})

export const namedNumbers: ReadonlyArray<Discovery<Config>> = lists.map((numbers) => ({
  stream: numbers.stream,
  optional: true,
  call: () => callFor(numbers, 1),
  read: (answer, { query }) => {
    const { key, list, nameOf, title } = numbers
    const options = fieldsIn(answer, [list]).flatMap((row) => {
      const value = idOf(row.id)
      const label = nameOf(row)
      return value === null || label === null ? [] : [{ value, label }]
    })
    const next = nextPage(answer, Number(query?.page ?? 1))
    return {
      fields: options.length === 0 ? [] : [{ key, title, type: "select", custom: false, required: false, options }],
      next: next === null ? null : callFor(numbers, next)
    }
  }
}))
