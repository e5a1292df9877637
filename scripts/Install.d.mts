// Types of Install.mjs, which stays plain JS for the Node that is there before ours.
export class Refusal extends Error {}
export const tooOld: (version: string) => string | undefined
export const npmFailed: (root: string, status: number | string, words: string) => string
export const chooseNode: (root: string, version?: string, execPath?: string, platform?: string) => string
export const install: (root: string) => Promise<void>
export const tooFull: (root: string, free?: number) => string | undefined
