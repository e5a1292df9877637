import { secretsOf } from "@bridge/http/Scrub"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { cleaned } from "./Clean.ts"
import type { Write } from "./Connector.ts"
import { decodeConfig } from "./Connectors.ts"
import { sinks } from "./zendesk/Write.ts"
import { zendesk } from "./zendesk/Zendesk.ts"

const token = "zd/secret-token"
const config = await Effect.runPromise(
  decodeConfig(zendesk, { subdomain: "acme", email: "me@x.org", api_token: token })
)
const clean = sinks.map((sink) => cleaned(sink, () => secretsOf({ config, connector: zendesk as never })))
const named = (stream: string) => clean.find((sink) => sink.stream === stream) ?? expect.fail(stream)
const answer = (status: number, body: object) => ({
  status,
  headers: {},
  // As many servers write it: what is searched for in the bytes would not be found.
  body: Buffer.from(JSON.stringify(body).replaceAll("/", "\\/"))
})
const write = (sourceId: string): Write => ({ entity: "ticket", sourceId, sourceKey: `k:${sourceId}`, body: {} })
const said = { error: `Bad ${token}`, description: `The token ${token} may not`, details: `see ${token}` }

describe("words of a vendor that repeat our credentials", () => {
  it("are clean in the refusal of a record and of a batch", () => {
    for (const sink of clean)
      for (const writes of [[write("1")], [write("1"), write("2")]]) {
        const words = JSON.stringify(sink.readAnswer(config as never, writes, answer(422, said)))
        expect(words).toContain("***")
        expect(words).not.toContain(token)
      }
  })

  it("are clean in the results of a job, of an upload and of what follows a record", () => {
    const job = { job_status: { status: "completed", results: [{ index: 0, ...said }] } }
    const words = [
      named("tickets").readJob?.(config as never, [write("1")], answer(200, job)),
      named("tickets").uploads?.read(answer(422, said)),
      named("users").further?.readCreate(answer(422, said))
    ].map((one) => JSON.stringify(one))
    for (const one of words) {
      expect(one).toContain("***")
      expect(one).not.toContain(token)
    }
  })
})
