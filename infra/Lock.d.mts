// Types of Lock.mjs, which stays plain JS for the bootstrap.
export const identity: (pid?: number) => string
export const isAlive: (identity: string) => boolean
export const acquire: (file: string, onWait?: (pid: string) => void) => Promise<Release>
/** Gives the lock back. */
export interface Release {
  (): void
  /** From now on the lock lives as long as this child, and as we do. */
  readonly handTo: (pid: number) => void
}
