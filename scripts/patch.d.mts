// Types of patch.mjs, for its test.
export interface Patch {
  readonly package: string
  readonly version: string
  readonly files: ReadonlyArray<{ readonly path: string; readonly original: string }>
}
export declare const patches: ReadonlyArray<Patch>
export declare const apply: (modules: string, patch: Patch) => void
