// `node scripts/run.mjs scripts/rewrap.ts`: wraps all data keys under BRIDGE_KEK, where they still are under BRIDGE_KEK_PREVIOUS.
// For operators who change the key-encryption key, with DATABASE_URL of the owner (docs/operations.md).
import { ownerLayer } from "@bridge/store/Postgres"
import { Kek } from "@bridge/vault/Kek"
import { rewrapAll } from "@bridge/vault/Rewrap"
import { Effect, Layer } from "effect"

const say = (words: string): void => void process.stderr.write(`${words}\n`)

const missing = ["DATABASE_URL", "BRIDGE_KEK_PREVIOUS"].filter((name) => !process.env[name])
if (missing.length > 0) {
  say(`Set ${missing.join(" and ")}; BRIDGE_KEK or its file is the new key.`)
  process.exitCode = 2
} else {
  const { rewrapped, unknown } = await Effect.runPromise(
    rewrapAll.pipe(Effect.provide(Layer.merge(ownerLayer, Kek.layer)))
  )
  say(`${rewrapped} data keys are wrapped anew.`)
  for (const id of unknown) say(`Tenant ${id}: its data key opens under neither key.`)
  process.exitCode = unknown.length > 0 ? 1 : 0
}
