// An element while it is being made, and what writes into it. For the files of this room.
import type { Element, ElementMeta, Ref, Warning } from "@bridge/domain/Element"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import type { JsonValue } from "@bridge/domain/Records"
import type { RuleAnswer } from "../rules/Answer.ts"

export interface Draft {
  readonly record: CanonicalRecord
  readonly answers: ReadonlyArray<RuleAnswer>
  readonly body: Record<string, JsonValue>
  readonly refs: Record<string, Ref>
  readonly meta: { -readonly [K in keyof ElementMeta]: ElementMeta[K] }
  readonly warnings: Array<Warning>
}

/** Writes its part, or says why the record is excluded. */
export type Writer = (draft: Draft) => string | null

/** Sets a value at a dot path, making objects on the way. */
export const put = (body: Record<string, JsonValue>, path: string, value: JsonValue): void => {
  const keys = path.split(".")
  const last = keys.pop() ?? path
  let at = body
  for (const key of keys) {
    const next = at[key]
    const inner: Record<string, JsonValue> = isObject(next) ? { ...next } : {}
    at[key] = inner
    at = inner
  }
  at[last] = value
}

const isObject = (value: JsonValue | undefined): value is Element["body"] =>
  typeof value === "object" && value !== null && !Array.isArray(value)
