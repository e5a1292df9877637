// What the steps so far have made of a row, and how it travels where the chain is cut: as text, in a header beside the row.
// Pure. For Batch.ts and Link.ts. What does not belong here: the steps themselves (process/, libs/mapping).
import type { Normalised } from "@bridge/connectors/Connector"
import type { Warning } from "@bridge/domain/Element"
import { type Resolved, resolve } from "@bridge/mapping/resolve/Resolve"
import { Option } from "effect"
import type { Processed } from "../process/Process.ts"

/** A record of the row; `resolved` once that step has seen it. */
export type Part = Normalised & { readonly resolved?: Resolved }
export type Made =
  | Exclude<Processed, { _tag: "Records" }>
  | { readonly _tag: "Records"; readonly records: ReadonlyArray<Part> }

export const resolvedOf = (part: Part): Resolved => part.resolved ?? resolve(part.entity, part.record)

/** All records of a row, those that nobody wants among them: who reads it knows. */
export const resolveAll = (made: Made): Made =>
  made._tag === "Poison"
    ? made
    : { _tag: "Records", records: made.records.map((part): Part => ({ ...part, resolved: resolvedOf(part) })) }

/** As text: a record once, as the last step left it. */
type Told = Normalised & { readonly notes?: ReadonlyArray<Warning>; readonly refused?: string }
type Text = Exclude<Made, { _tag: "Records" }> | { readonly _tag: "Records"; readonly records: ReadonlyArray<Told> }

export const toText = (made: Made): string =>
  JSON.stringify(made._tag === "Poison" ? made : { ...made, records: made.records.map(told) })

const told = ({ resolved, ...part }: Part): Told => {
  if (resolved === undefined) return part
  return resolved._tag === "Refused"
    ? { ...part, refused: resolved.reason }
    : ({ ...part, record: resolved.record, notes: resolved.notes } as Told)
}

/** Undefined for what is not such a text: who reads it does the steps again. */
export const fromText: (text: string) => Made | undefined = (text) => Option.getOrUndefined(read(text))

const read = Option.liftThrowable((text: string): Made => {
  const made: Text = JSON.parse(text)
  return made._tag === "Records" ? { _tag: "Records", records: made.records.map(part) } : made
})

const part = ({ notes, refused, ...given }: Told): Part => {
  if (refused !== undefined) return { ...given, resolved: { _tag: "Refused", reason: refused } }
  return notes === undefined ? given : { ...given, resolved: { _tag: "Resolved", record: given.record, notes } }
}
