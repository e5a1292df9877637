// Types of Memory.mjs, which stays plain JS for the Node that is there before ours.
export const flagsFor: (file: string) => ReadonlyArray<string>
export const environment: (given: Readonly<Record<string, string | undefined>>) => Readonly<Record<string, string>>
