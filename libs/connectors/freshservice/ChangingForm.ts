// What a list of tickets, problems, changes or assets is asked with. For ChangingList.ts.
import type { Filter } from "../Conditions.ts"
import type { RowForm } from "../Cut.ts"

export interface ChangingForm extends RowForm {
  readonly operation: string
  readonly path: string
  /** Key of the array in the body. */
  readonly key: string
  readonly budget?: string
  readonly query?: Readonly<Record<string, string>>
  /** What is to be embedded in the rows; left out where the vendor refuses it. */
  readonly include?: string
  /** The passes over one workspace in turn: what each adds to the question. The first has no filter. */
  readonly passes: ReadonlyArray<readonly [name: string, query: Readonly<Record<string, string | boolean>>]>
  /** The pass whose rows are deleted ones, where the rows themselves do not say so. */
  readonly deleted?: string
  /** `updated_since` and an order may be asked for. */
  readonly windowed: boolean
  /** A module that a plan or role may lack: it has no rows then. */
  readonly optional: boolean
  /** What a job may ask of the rows. */
  readonly filters?: ReadonlyArray<Filter>
}
