// Custom objects as they are kept: a definition, its fields by key, its records in the order they were made.

export type ObjectOption = { readonly id: number; readonly name: string; readonly value: string }
export type ObjectField = {
  readonly id: number
  readonly key: string
  readonly type: string
  title: string
  description: string
  active: boolean
  required: boolean
  readonly pattern: string | null
  readonly tag: string | null
  readonly target: string | null
  options: ReadonlyArray<ObjectOption>
  readonly createdAt: string
  updatedAt: string
}

export type ObjectRecord = {
  /** Rises with every record of the account; `id` is written from it. */
  readonly serial: number
  readonly id: string
  name: string
  externalId: string | null
  fields: Readonly<Record<string, unknown>>
  readonly createdAt: string
  updatedAt: string
  readonly createdBy: number
  updatedBy: number
}

export type CustomObject = {
  readonly key: string
  title: string
  titlePluralized: string
  description: string
  /** Names are numbers the account gives itself. */
  readonly autonumbered: boolean
  readonly fields: Map<string, ObjectField>
  readonly records: Map<number, ObjectRecord>
  readonly byExternalId: Map<string, ObjectRecord>
  readonly createdAt: string
  updatedAt: string
}
