import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { JsonObject } from "../Connector.ts"
import { decodeConfig } from "../Connectors.ts"
import { filesOfRoot } from "./FileRows.ts"
import { freshservice } from "./Freshservice.ts"
import { account } from "./TestAccount.ts"

const config = await Effect.runPromise(decodeConfig(freshservice, account.config))
const token = (payload: object): string => `h.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.s`

/** Where the files of a ticket with these pictures are, and the way there by the API. */
const filesOf = (pictures: ReadonlyArray<string>, attachments: ReadonlyArray<JsonObject> = []) => {
  const description = pictures.map((src) => `<img src="${src}">`).join("")
  const json = Buffer.from(JSON.stringify({ id: 1, description, attachments }))
  const row = { sourceId: "1", version: "", op: "upsert", json } as const
  return filesOfRoot("ticket")
    .of(config as never, row)
    .map(({ otherwise, url }) => [url, otherwise?.path ?? null])
}

describe("pictures in texts of Freshservice", () => {
  it.each([
    "/helpdesk/attachments/500",
    "//acme.freshservice.com/helpdesk/attachments/500",
    "http://acme.freshservice.com/helpdesk/attachments/500",
    "https:&#x2F;&#x2F;acme.freshservice.com/helpdesk/attachments/500"
  ])("of the account's own are files, asked for by their number where that is shown: %s", (src) =>
    expect(filesOf([src])).toEqual([
      ["https://acme.freshservice.com/helpdesk/attachments/500", "/api/v2/attachments/500"]
    ])
  )

  it("are files of this account under whatever host where their token says so, and of another's not asked for here", () => {
    const at = (domain: string) => `https://help.example/inline/attachment?token=${token({ id: 500, domain })}`
    expect(filesOf([at("acme.freshservice.com"), at("other.freshservice.com")])).toEqual([
      [at("acme.freshservice.com"), "/api/v2/attachments/500"],
      [at("other.freshservice.com"), null]
    ])
  })

  it("are the attachment that they show, under a host name of the customer's own too", () => {
    const url = "https://acme.attachments.freshservice.com/data/helpdesk/attachments/production/500/original/a.png?s=1"
    const attachment = {
      id: 500,
      name: "a.png",
      attachment_url: url,
      canonical_url: "https://acme.freshservice.com/helpdesk/attachments/500"
    }
    for (const src of [
      "/helpdesk/attachments/500",
      "https://help.example/helpdesk/attachments/500",
      `/inline/attachment?token=${token({ id: 500 })}`,
      "https://cdn.freshservice.com/data/helpdesk/attachments/production/500/original/a.png"
    ])
      expect(filesOf([src], [attachment])).toEqual([[url, "/api/v2/attachments/500"]])
  })

  it("stay where they are on sites of others", () =>
    expect(
      filesOf(["https://www.acme.example/logo.png", "https://www.acme.example/attachments/500", "data:x"])
    ).toEqual([]))
})
