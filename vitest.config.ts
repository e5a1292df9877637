// Four kinds of tests: fast (no servers), integration (one stack for the run), system (each starts what it needs, and mostly
// waits: two at a time), timed (system tests that promise a time, one by one, with nothing beside them).
import { defineConfig } from "vitest/config"

const exclude = ["**/node_modules/**", "**/.bridge/**"]
const timed = [
  "test/flow/Outages.system.test.ts",
  "test/flow/Estimate.system.test.ts",
  "libs/http/Together.system.test.ts"
]

export default defineConfig({
  test: {
    // Two cores carry the servers as well.
    maxWorkers: 2,
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          name: "fast",
          include: ["**/*.test.ts"],
          exclude: [...exclude, "**/*.integration.test.ts", "**/*.system.test.ts"],
          testTimeout: 10_000,
          // Half of the time would go into loading the same modules for every file; nothing in them outlives a test.
          isolate: false,
          sequence: { groupOrder: 0 }
        }
      },
      {
        test: {
          name: "integration",
          include: ["**/*.integration.test.ts"],
          exclude,
          globalSetup: ["infra/GlobalSetup.ts"],
          // A bound for what hangs. What may take only so long says so itself.
          testTimeout: 240_000,
          isolate: false,
          sequence: { groupOrder: 1 },
          hookTimeout: 120_000
        }
      },
      {
        test: {
          name: "system",
          include: ["**/*.system.test.ts"],
          exclude: [...exclude, ...timed],
          testTimeout: 600_000,
          isolate: false,
          sequence: { groupOrder: 2 },
          hookTimeout: 300_000
        }
      },
      {
        test: {
          name: "timed",
          include: timed,
          exclude,
          fileParallelism: false,
          testTimeout: 600_000,
          sequence: { groupOrder: 3 },
          hookTimeout: 300_000
        }
      }
    ]
  }
})
