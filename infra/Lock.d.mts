// Types of Lock.mjs, which stays plain JS for the bootstrap.
export const identity: (pid?: number) => string
export const isAlive: (identity: string) => boolean
export const acquire: (file: string, onWait?: (pid: string) => void) => Promise<() => void>
