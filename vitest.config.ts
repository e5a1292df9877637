// Five kinds of tests: fast (no servers), integration (one stack for the run), system (each starts what it needs), and those that
// promise a time: timed (one by one, with nothing beside them) and paced (they keep to a vendor's pace and mostly wait: together).
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const exclude = ["**/node_modules/**", "**/.bridge/**"]
const timed = ["test/flow/Takeover.system.test.ts"]
const paced = ["test/flow/Estimate.system.test.ts", "libs/http/Together.system.test.ts"]

/** What takes longest, the longest first. A new checkout knows nothing of the run before. */
const long = [
  "libs/http/Pace.test",
  "libs/http/Budgets.test",
  "scripts/Bootstrap",
  "connectors/freshservice/Freshservice.test",
  "libs/http/VendorHttp",
  "test/system/Migration",
  "test/system/Files",
  "infra/Stack",
  "test/faults/leader-moves",
  "test/system/Instances",
  "test/flow/Turns",
  "test/flow/Large",
  "test/demo/",
  "test/flow/MadeFields",
  "test/flow/Outages",
  "apps/loader/Crash",
  "test/flow/Seats",
  "test/flow/Stops",
  "test/flow/Zombies",
  "test/flow/Cuts",
  "test/flow/Audit"
]

/** The long ones from the beginning on, so that none is left alone at the end, and short ones, which mostly wait, between them. */
class LongAndShort extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    const groups = Object.groupBy(sorted, ({ project }) => project.config.sequence.groupOrder ?? 0)
    return Object.values(groups).flatMap((group = []) => mixed(group))
  }
}

const mixed = (files: ReadonlyArray<TestSpecification>): ReadonlyArray<TestSpecification> => {
  const longOnes = long.flatMap((part) => files.filter(({ moduleId }) => moduleId.includes(part)))
  const shortOnes = files.filter((file) => !longOnes.includes(file))
  const [first, second, ...others] = longOnes
  const between = Math.ceil(shortOnes.length / (others.length + 1))
  const rest = others.flatMap((file, i) => [...shortOnes.slice(i * between, (i + 1) * between), file])
  return [first, second, ...rest, ...shortOnes.slice(others.length * between)].filter((file) => file !== undefined)
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongAndShort },
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
          // Two cores carry the servers as well; a third file at work fills the time in which others wait.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          hookTimeout: 120_000
        }
      },
      {
        test: {
          name: "system",
          include: ["**/*.system.test.ts"],
          exclude: [...exclude, ...timed, ...paced],
          // For its registry, which serves those as well that have a broker and a database of their own.
          globalSetup: ["infra/GlobalSetup.ts"],
          testTimeout: 600_000,
          isolate: false,
          maxWorkers: 3,
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
