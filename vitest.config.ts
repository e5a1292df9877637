// Five kinds of tests: fast (no servers), integration (one stack for the run), system (each starts what it needs), and those that
// promise a time: timed (one by one, with nothing beside them) and paced (they keep to a vendor's pace and mostly wait: together).
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const exclude = ["**/node_modules/**", "**/.bridge/**"]
const timed = ["test/flow/Takeover.system.test.ts"]
const paced = ["test/flow/Estimate.system.test.ts", "libs/http/Together.system.test.ts"]

/** The longest first, so that none is left alone at the end; a new checkout knows nothing of the run before. */
const long = [
  "test/system/Migration",
  "test/system/Files",
  "test/faults/leader-moves",
  "infra/Stack",
  "test/flow/Seats",
  "test/system/",
  "test/demo/",
  "test/flow/",
  "apps/loader/Crash",
  "test/runtime/",
  "libs/kafka/"
]

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const bySize = await super.sort(files)
    const placeOf = ({ moduleId, project }: TestSpecification): number => {
      const at = long.findIndex((part) => moduleId.includes(part))
      return (project.config.sequence.groupOrder ?? 0) * 100 + (at < 0 ? long.length : at)
    }
    return bySize.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
          maxWorkers: 2,
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
          // Two cores carry the servers as well; more files at work fill the time in which others wait.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          hookTimeout: 120_000
        }
      },
      {
        test: {
          name: "system",
          include: ["**/*.system.test.ts"],
          exclude: [...exclude, ...timed, ...paced],
          testTimeout: 600_000,
          isolate: false,
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          hookTimeout: 300_000
        }
      },
      {
        test: {
          name: "timed",
          include: timed,
          exclude,
          globalSetup: ["infra/GlobalSetup.ts"],
          fileParallelism: false,
          testTimeout: 600_000,
          sequence: { groupOrder: 2 },
          hookTimeout: 300_000
        }
      },
      {
        test: {
          name: "paced",
          include: paced,
          exclude,
          globalSetup: ["infra/GlobalSetup.ts"],
          testTimeout: 600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          hookTimeout: 300_000
        }
      }
    ]
  }
})
