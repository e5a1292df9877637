// A secret in a configuration: taken without the blanks around it that a paste brings along, and only if a header can carry it.
import { Schema, SchemaTransformation } from "effect"

/** Decodes to `Redacted`. */
export const secretText = (words: { readonly title: string; readonly description: string }) =>
  Schema.RedactedFromValue(
    Schema.NonEmptyString.annotate(words).pipe(
      Schema.decodeTo(
        Schema.String.check(
          Schema.isPattern(/^[\x21-\x7e]+$/, { message: "must be letters, digits and signs without blanks" })
        ),
        SchemaTransformation.transform({
          decode: (text: string) => text.trim(),
          encode: (text: string) => text
        })
      )
    )
  )
