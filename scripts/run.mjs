#!/usr/bin/env node
// node scripts/run.mjs FILE [ARGS]: runs a TypeScript file of this checkout on Node 24, installing first what is missing.
import { handOver } from "./Bootstrap.mjs"

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write("usage: node scripts/run.mjs FILE [ARGS]\n")
  process.exit(2)
}
await handOver(file, args)
