#!/usr/bin/env node
// `npx bridge ...`: the command line of apps/cli, from a fresh clone too. stdout is the command's alone.
import { handOver } from "./Bootstrap.mjs"

await handOver("apps/cli/main.ts", process.argv.slice(2))
