import { expect, it } from "vitest"
import { breaches, circles } from "./Layers.ts"
import { source } from "./Source.ts"

const rules = (path: string, from: string): ReadonlyArray<string> =>
  breaches([source(path, `import { a } from "${from}"`)]).map(({ rule }) => rule)

it("lets imports point down", () => {
  for (const [path, from] of [
    ["apps/loader/Loader.ts", "@bridge/connectors/Connector"],
    ["libs/connectors/Values.ts", "@bridge/http/Call"],
    ["libs/flow/Stage.ts", "@bridge/kafka/Broker"],
    ["libs/store/Records.ts", "@bridge/domain/Entities"],
    ["libs/store/Records.ts", "./Store.ts"],
    ["libs/store/Records.ts", "effect"],
    ["apps/all/main.ts", "@bridge/loader/main"],
    ["test/demo/main.ts", "@bridge/loader/main"],
    ["test/Map.test.ts", "../scripts/Drawing.ts"],
    ["libs/store/Store.integration.test.ts", "@bridge/infra/TestStack"]
  ] as const)
    expect(rules(path, from), `${path} -> ${from}`).toEqual([])
})

it("refuses imports that point up or sideways", () => {
  for (const [path, from] of [
    ["libs/domain/Entities.ts", "@bridge/store/Records"],
    ["libs/kafka/Client.ts", "@bridge/flow/Stage"],
    ["libs/http/Call.ts", "@bridge/flow/Stage"],
    ["libs/store/Records.ts", "@bridge/infra/Stack"],
    ["apps/loader/Loader.ts", "@bridge/infra/Stack"],
    ["libs/flow/Stage.ts", "@bridge/loader/Loader"]
  ] as const)
    expect(rules(path, from), `${path} -> ${from}`).toHaveLength(1)
})

it("refuses an app that imports an app", () =>
  expect(rules("apps/loader/Loader.ts", "@bridge/extractor/Pages")).toEqual(["loader may not import extractor"]))

it("keeps the sandbox apart from everything of ours", () => {
  expect(rules("apps/sandbox/main.ts", "@bridge/domain/Entities")).toHaveLength(1)
  expect(rules("apps/extractor/main.ts", "@bridge/sandbox/main")).toHaveLength(1)
})

it("refuses a way round the workspaces, a missing extension and a barrel", () => {
  expect(rules("libs/flow/Stage.ts", "../kafka/Broker.ts")).toEqual(["leaves its workspace: write @bridge/kafka/..."])
  expect(rules("libs/flow/Stage.ts", "./Run")).toEqual(["./Run needs its extension"])
  expect(breaches([source("libs/flow/All.ts", 'export * from "./Run.ts"')])).toHaveLength(1)
})

it("keeps what only tests use out of the services", () => {
  expect(rules("apps/loader/Loader.ts", "./testing/Lab.ts")).toEqual(["./testing/Lab.ts is for tests only"])
  expect(rules("apps/loader/Loader.test.ts", "./testing/Lab.ts")).toEqual([])
  expect(rules("apps/loader/testing/Lab.ts", "@bridge/infra/TestStack")).toEqual([])
  expect(rules("apps/loader/testing/Lab.ts", "@bridge/extractor/main")).toHaveLength(1)
})

it("lets only the adapter touch KafkaJS", () => {
  expect(rules("libs/kafka/Client.ts", "kafkajs")).toEqual([])
  expect(rules("libs/flow/Stage.ts", "kafkajs")).toEqual(["kafkajs is touched in libs/kafka only"])
  expect(rules("apps/loader/Loader.ts", "@kafkajs/confluent-schema-registry")).toHaveLength(1)
})

it("finds a circle of files, also across rooms, once", () => {
  const files = [
    source("libs/flow/A.ts", 'import "./B.ts"'),
    source("libs/flow/B.ts", 'import "@bridge/store/C"'),
    source("libs/store/C.ts", 'import "@bridge/flow/A"'),
    source("libs/flow/D.ts", 'import "./A.ts"\nimport "./B.ts"')
  ]
  expect(circles(files)).toMatchObject([
    { rule: "imports itself by way of libs/flow/B.ts -> libs/store/C.ts -> libs/flow/A.ts" }
  ])
  expect(circles(files.slice(1))).toEqual([])
})
