import type { Answer } from "@bridge/http/Call"
import { describe, expect, it } from "vitest"
import type { Write } from "../Connector.ts"
import { userByEmail, userByIdentity } from "./KnownUser.ts"

const answer = (body: unknown): Answer => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) })
const write = (body: Write["body"]): Write => ({ entity: "person", sourceId: "1", sourceKey: "k", body })
const agent = write({ email: "Ann@x.org", role: "agent" })
const lacks = (row: object, of = agent) => userByEmail.lacks?.(of, answer({ users: [{ id: 7, ...row }] }), "7")

describe("somebody who is at Zendesk already", () => {
  it("lacks what an agent has as an end user, suspended or with a light seat, and nothing as an agent", () => {
    expect(lacks({ role: "end-user" })).toEqual({
      code: "matched-no-agent",
      message: "an end user there, and was there before"
    })
    expect(lacks({ role: "agent", suspended: true })).toMatchObject({ message: expect.stringContaining("suspended") })
    expect(lacks({ role: "agent", role_type: 1 })).toMatchObject({ message: expect.stringContaining("light") })
    expect(lacks({ role: "agent", role_type: 0, suspended: false })).toBeNull()
    expect(lacks({ role: "admin", role_type: 4 })).toBeNull()
    expect(lacks({ role: "end-user" }, write({ email: "ann@x.org", role: "end-user" }))).toBeNull()
    expect(lacks({ role: "end-user" }, write({ email: "ann@x.org" }))).toBeNull()
  })

  it("is found by an address that is not the first one, in the list of theirs", () => {
    const found = answer({ users: [{ id: 7, email: "other@x.org" }] })
    expect(userByEmail.read(agent, found)).toEqual([])
    expect(userByIdentity.read(agent, found)).toEqual([])
    expect(userByIdentity.next?.(found)).toMatchObject({ path: "/api/v2/users/7/identities" })
    const identities = [
      { user_id: 7, type: "email", value: "other@x.org" },
      { user_id: 7, type: "phone_number", value: "ann@x.org" },
      { user_id: 7, type: "email", value: "ann@X.org" }
    ]
    const listed = answer({ identities })
    expect(userByIdentity.read(agent, listed)).toEqual(["7"])
    expect(userByIdentity.next?.(listed)).toBeNull()
    expect(userByIdentity.read(agent, answer({ identities: identities.slice(0, 2) }))).toEqual([])
    expect(userByIdentity.next?.(answer({ users: [] }))).toBeNull()
    expect(userByIdentity.next?.(answer({ users: [{ id: 8, active: false }] }))).toBeNull()
    expect(userByIdentity.call({} as never, write({ name: "no address" }))).toBeNull()
  })
})
