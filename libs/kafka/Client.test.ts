// The environment that tells a service how to reach its cluster.
import { ConfigProvider, Effect, Option, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { kafkaSettings } from "./Client.ts"

const read = (env: Record<string, string>) => Effect.runPromise(kafkaSettings.parse(ConfigProvider.fromEnvRecord(env)))

describe("kafkaSettings", () => {
  it("needs the brokers only", async () => {
    expect(await read({ KAFKA_BROKERS: "a:9092, b:9092," })).toEqual({
      brokers: ["a:9092", "b:9092"],
      tls: false,
      sasl: Option.none()
    })
    await expect(read({})).rejects.toThrow()
  })

  it("takes credentials as a whole, and never prints the password", async () => {
    const settings = await read({
      KAFKA_BROKERS: "a:9092",
      KAFKA_TLS: "true",
      KAFKA_SASL_USERNAME: "bridge",
      KAFKA_SASL_PASSWORD: "secret"
    })
    expect(settings.tls).toBe(true)
    expect(JSON.stringify(settings)).not.toContain("secret")
    const known = Option.getOrThrow(settings.sasl)
    expect([known.mechanism, known.username, Redacted.value(known.password)]).toEqual([
      "scram-sha-512",
      "bridge",
      "secret"
    ])
  })
})
