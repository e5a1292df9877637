// The fields by which tickets lead to assets: one lookup for each type, and in it the first asset of that type that a ticket names.
// For Things.ts, which knows types and assets at both ends, and Picture.ts.
import type { Context } from "./Places.ts"
import type { FoundField } from "./Truth.ts"
import { fieldKey } from "./Writes.ts"

/** What a ticket that names these assets must hold, by field id; the order is the source's. */
export type Links = (assets: ReadonlyArray<number>) => Readonly<Record<string, string>>

export interface Type {
  readonly id: number
  readonly name: string
  /** Of its object at the destination. */
  readonly key: string
}

/** Assets at the destination, by source id. */
export type Assets = ReadonlyMap<number, { readonly type: number; readonly record: string }>

export const linksOf = (
  { findings, writes }: Context,
  fields: ReadonlyArray<FoundField>,
  types: ReadonlyArray<Type>,
  assets: Assets
): Links => {
  const fieldOf = new Map<number, number>()
  for (const { id, key, name } of types) {
    const target = `zen:custom_object:${key}`
    const title = `Asset: ${name}`
    const own = fields.filter((field) => field.type === "lookup" && field.relationship_target_type === target)
    const written = fieldKey(title, target)
    writes.explain("ticket_field", written)
    const times = Math.max(own.length, writes.creates("ticket_field", written))
    if (own[0]?.title !== title) findings.problem(`asset-type ${id}: no field "${title}" of tickets leads to it`)
    else fieldOf.set(id, own[0].id)
    if (times > 1) findings.problem(`asset-type ${id}: ${times} fields of tickets were made for it`)
  }
  return (named) => {
    const values: Record<string, string> = {}
    for (const one of named) {
      const asset = assets.get(one)
      const field = asset === undefined ? undefined : fieldOf.get(asset.type)
      if (asset !== undefined && field !== undefined) values[field] ??= asset.record
    }
    return values
  }
}
