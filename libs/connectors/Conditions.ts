// What can be asked of a stream's listed rows, and what a job asks of them. For connectors, which declare the one, and
// Filters.ts, which keeps to the other.

/** Something that can be asked of a stream's listed rows: a scalar member of theirs. */
export interface Filter {
  /** The member, and what a job calls it. */
  readonly name: string
  readonly title: string
  /** What its values are; any text where neither this nor names are given. */
  readonly kind?: "id" | "boolean"
  /** Names of values that are numbers: `open` for 2. */
  readonly values?: Readonly<Record<string, string>>
  /** The vendor's list takes it as a parameter of this name, one value at a time. */
  readonly ask?: string
  /** Where rows lie rather than what they are: the vendor is always asked, and a row need not say it. */
  readonly scope?: true
}

/** Values of which any one will do, as the vendor writes them. */
export type Condition = ReadonlyArray<string>
/** By name of the filter; all must hold. */
export type Conditions = Readonly<Record<string, Condition>>
