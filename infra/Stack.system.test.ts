import { createServer, type Server } from "node:net"
import { join } from "node:path"
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest"
import { serversOf } from "./Daemon.ts"
import { findJars } from "./Jars.ts"
import { startKafka } from "./Kafka.ts"
import { isAlive } from "./Lock.mjs"
import { brokersKnownTo } from "./Metadata.ts"
import { freePort } from "./Ports.ts"
import { startPostgres } from "./Postgres.ts"
import { startRegistry } from "./Registry.ts"
import { startStack } from "./Stack.ts"
import { allGone, type Command, find, killServer, leave, runStack } from "./StackFixture.ts"
import { removeStack, testDir } from "./TestStack.ts"

const everything = ["row", "schema", "topic"]
let dir: string
let commands: Array<Command>
const run = (env?: NodeJS.ProcessEnv): Command => {
  const command = runStack(dir, env)
  commands.push(command)
  return command
}

const before = { ...process.env }
beforeEach(() => {
  // These tests are about our own servers, whatever the run was started with.
  for (const name of ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL", "DATABASE_URL"]) delete process.env[name]
  dir = testDir()
  commands = []
})
afterEach(async () => {
  for (const command of commands) command.signal("SIGKILL")
  await Promise.all(commands.map((command) => command.ended))
  await allGone(dir)
  removeStack(dir)
})
afterAll(() => void Object.assign(process.env, before))

describe("a stack and its owner", () => {
  it("is one stack when two commands start it at once, and stops with the one that owns it", async () => {
    const both = [run(), run()]
    const [first, second] = await Promise.all(both.map((command) => command.addresses))
    expect(second).toEqual(first)
    expect(Object.keys(serversOf(dir)).sort()).toEqual(["node-1", "postgres", "registry"])
    const joiner = await Promise.race(both.map(async (command) => ({ command, ...(await command.ended) })))
    expect(joiner).toMatchObject({ code: 0, stderr: expect.stringContaining("running already") })
    expect(Object.values(serversOf(dir)).every(isAlive)).toBe(true)
    const owner = both.find((command) => command !== joiner.command)
    owner?.signal("SIGINT")
    expect((await owner?.ended)?.code).toBe(0)
    expect(Object.values(serversOf(dir)).some(isAlive)).toBe(false)
  })

  it("leaves no process behind when its owner is killed, and comes back with its data", async () => {
    const owner = run()
    await leave(await owner.addresses, "kept")
    owner.signal("SIGKILL")
    const next = run()
    expect(await find(await next.addresses, "kept")).toEqual(everything)
    next.signal("SIGKILL")
    expect(await allGone(dir)).toBe(true)
  })

  it("comes back with its data when its own servers are killed", async () => {
    const owner = run()
    await leave(await owner.addresses, "kept")
    for (const name of ["postgres", "node-1", "registry"]) killServer(dir, name)
    expect(await allGone(dir)).toBe(true)
    const early = await run().ended
    expect(early).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`The stack of process ${owner.pid} runs here and cannot be used`)
    })
    owner.signal("SIGTERM")
    expect(await owner.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("PostgreSQL has ended by itself")
    })
    expect(await find(await run().addresses, "kept")).toEqual(everything)
  })

  it("starts again over folders that were half made", async () => {
    const killed = run()
    while (Object.keys(serversOf(dir)).length === 0) await new Promise((soon) => setTimeout(soon, 20))
    killed.signal("SIGKILL")
    const next = await run().addresses
    await leave(next, "kept")
    expect(await find(next, "kept")).toEqual(everything)
  })
})

describe("servers that are there already", () => {
  const external = {
    KAFKA_BROKERS: "kafka.example:9092",
    SCHEMA_REGISTRY_URL: "http://registry.example/apis/ccompat/v7",
    DATABASE_URL: "postgres://u@db.example/bridge"
  }

  it("are used and not started when the environment names them, and need no Java", async () => {
    const command = run({ ...external, PATH: "/nowhere", JAVA_HOME: "" })
    expect(await command.addresses).toEqual({
      kafkaBrokers: external.KAFKA_BROKERS,
      registryUrl: external.SCHEMA_REGISTRY_URL,
      databaseUrl: external.DATABASE_URL
    })
    expect(await command.ended).toMatchObject({ code: 0 })
    expect(serversOf(dir)).toEqual({})
  })

  it("replace only the server that they name", async () => {
    const addresses = await run({
      KAFKA_BROKERS: external.KAFKA_BROKERS,
      SCHEMA_REGISTRY_URL: external.SCHEMA_REGISTRY_URL
    }).addresses
    expect(addresses.kafkaBrokers).toBe(external.KAFKA_BROKERS)
    expect(Object.keys(serversOf(dir))).toEqual(["postgres"])
  })
})

const listen = (): Promise<{ server: Server; port: number }> =>
  new Promise((up) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      up({ server, port: typeof address === "object" && address !== null ? address.port : 0 })
    })
  })

describe("a port that a person named", () => {
  for (const [variable, name] of [
    ["BRIDGE_POSTGRES_PORT", "PostgreSQL"],
    ["BRIDGE_KAFKA_PORT", "Kafka"],
    ["BRIDGE_REGISTRY_PORT", "the schema registry"]
  ] as const)
    it(`is refused in one sentence when another program has it: ${name}`, async () => {
      const { server, port } = await listen()
      const ended = await run({ [variable]: String(port) }).ended
      server.close()
      expect(ended).toEqual({
        code: 1,
        stderr: `Port ${port} for ${name} is taken by another program: stop that program, or name another port.\n`
      })
      expect(serversOf(dir)).toEqual({})
    })

  it("is waited for while a server of an owner that was killed still has it", async () => {
    const env = { BRIDGE_POSTGRES_PORT: String(await freePort()) }
    const owner = run(env)
    const { databaseUrl } = await owner.addresses
    const server = Number(serversOf(dir)["postgres"]?.split(".")[0])
    process.kill(server, "SIGSTOP")
    owner.signal("SIGKILL")
    const next = run(env)
    setTimeout(() => process.kill(server, "SIGCONT"), 2_000)
    expect((await next.addresses).databaseUrl).toBe(databaseUrl)
  })
})

describe("a port that is taken between its choice and the start of a server", () => {
  it("is told by each server, so that another is chosen", async () => {
    const { server, port } = await listen()
    const jars = await findJars(() => {})
    const taken = (name: string) => `Port ${port} for ${name} is taken by another program`
    const lost = () => {}
    await expect(startPostgres({ dir, port, durable: false })).rejects.toThrow(taken("PostgreSQL"))
    await expect(
      startRegistry({ dir: join(dir, "registry"), jars, port, managementPort: await freePort() })
    ).rejects.toThrow(taken("the schema registry"))
    const ports = [[port, await freePort()]] as const
    await expect(startKafka({ dir: join(dir, "kafka"), jars, ports, lost })).rejects.toThrow(taken("Kafka"))
    server.close()
  })
})

describe("three brokers", () => {
  it("lose one, know it, and get it back", async () => {
    const stack = await startStack({ dir, brokers: 3, durable: false })
    const first = Number(stack.kafkaBrokers.split(",")[0]?.split(":")[1])
    expect(await brokersKnownTo(first)).toBe(3)
    await stack.nodes[1]?.kill()
    while ((await brokersKnownTo(first)) !== 2) await new Promise((soon) => setTimeout(soon, 50))
    await stack.nodes[1]?.start()
    expect(await brokersKnownTo(first)).toBe(3)
    await stack.stop()
    expect(await allGone(dir)).toBe(true)
  })
})
