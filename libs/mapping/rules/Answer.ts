// What a rule says of one record. For the rules that ask and the fields that are written.
import type { JsonValue } from "@bridge/domain/Records"

/** A value, or why there is none: the record goes on without it, with a warning. */
export type RuleAnswer = { readonly value: JsonValue } | { readonly fault: string }
