import { describe, expect, it } from "vitest"
import { jobDone, withSandbox } from "../TestClient.ts"

describe("users", () => {
  it("are made with 201 and a place, live without e-mail, and are unique by e-mail whatever its case", () =>
    withSandbox({}, async ({ zen }) => {
      const create = (user: object) => zen("/api/v2/users", { body: { user } })
      const made = await create({ name: "Ann", email: "Ann@Acme.example", external_id: "r-1" })
      expect(made.status).toBe(201)
      expect(made.headers.location).toBe(`https://acme.zendesk.com/api/v2/users/${made.body.user.id}.json`)
      expect(made.body.user).toMatchObject({
        role: "end-user",
        email: "ann@acme.example",
        active: true,
        suspended: false
      })
      expect((await create({ name: "No mail" })).body.user.email).toBe(null)
      expect(await create({ name: "Twin", email: "ANN@acme.example" })).toMatchObject({
        status: 422,
        body: {
          error: "RecordInvalid",
          description: "Record validation errors",
          details: { email: [{ error: "DuplicateValue" }] }
        }
      })
      expect((await create({ email: "x@acme.example" })).body.details.name[0].error).toBe("BlankValue")
      expect((await create({ name: "Bad", email: "no at" })).body.details.email[0].error).toBe("InvalidFormat")
      expect((await create({ name: "Same key", external_id: "R-1" })).status).toBe(422)
    }))

  it("are created or updated by external id or e-mail: 201, then 200", () =>
    withSandbox({}, async ({ zen }) => {
      const upsert = (user: object) => zen("/api/v2/users/create_or_update", { body: { user } })
      const first = await upsert({ name: "Ann", email: "ann@acme.example" })
      const second = await upsert({ name: "Ann B", email: "ANN@acme.example", external_id: "r-1" })
      const third = await upsert({ name: "Ann C", external_id: "r-1" })
      expect([first.status, second.status, third.status]).toEqual([201, 200, 200])
      expect(new Set([first, second, third].map((got) => got.body.user.id)).size).toBe(1)
      expect(third.body.user.name).toBe("Ann C")
    }))

  it("are found by external id, by e-mail and by many ids", () =>
    withSandbox({}, async ({ zen }) => {
      const { user } = (
        await zen("/api/v2/users", { body: { user: { name: "Ann", email: "ann@acme.example", external_id: "r-1" } } })
      ).body
      const found = async (path: string) =>
        (await zen(`/api/v2/${path}`)).body.users.map((row: { id: number }) => row.id)
      expect(await found("users/search?external_id=r-1")).toEqual([user.id])
      expect(await found("users/search?query=email:ann@acme.example")).toEqual([user.id])
      expect(await found("users/search?query=nobody")).toEqual([])
      expect(await found("users?external_id=r-1")).toEqual([user.id])
      expect(await found(`users/show_many?ids=${user.id},5`)).toEqual([user.id])
      expect(await found("users/show_many?external_ids=r-1,r-2")).toEqual([user.id])
      expect(await found("users?role[]=end-user&page[size]=5")).toEqual([user.id])
    }))

  it("take a seat as agents, of which there may be few", () =>
    withSandbox({ zendesk: { seats: 2 } }, async ({ zen }) => {
      const create = (n: number) =>
        zen("/api/v2/users", { body: { user: { name: "A", email: `a${n}@acme.example`, role: "agent" } } })
      expect((await create(1)).status).toBe(201)
      expect((await create(2)).body.details).toHaveProperty("role")
    }))

  it("are deleted softly: no longer listed, without e-mail in the export, and their address is free again", () =>
    withSandbox({}, async ({ zen, pass, lines }) => {
      const user = { name: "Ann", email: "ann@acme.example" }
      const { id } = (await zen("/api/v2/users", { body: { user } })).body.user
      expect((await zen(`/api/v2/users/${id}`, { method: "DELETE" })).body.user).toMatchObject({
        active: false,
        email: null
      })
      expect((await zen("/api/v2/users")).body.users.map((row: { id: number }) => row.id)).not.toContain(id)
      expect((await zen("/api/v2/users", { body: { user } })).status).toBe(201)
      pass(61_000)
      expect((await zen("/api/v2/incremental/users/cursor?start_time=0")).body.users).toContainEqual(
        expect.objectContaining({ id, active: false })
      )
      expect((await lines("destination?entity=user")).find((line) => line.id === id)?.deleted).toBe(true)
    }))

  it("have further addresses that nobody else can take, and that the truth tells", () =>
    withSandbox({}, async ({ zen, lines }) => {
      const { id } = (await zen("/api/v2/users", { body: { user: { name: "Ann", email: "ann@acme.example" } } })).body
        .user
      const identity = { identity: { type: "email", value: "second@acme.example" } }
      expect((await zen(`/api/v2/users/${id}/identities`, { body: identity })).status).toBe(201)
      expect(
        (await zen(`/api/v2/users/${id}/identities`)).body.identities.map((row: { primary: boolean }) => row.primary)
      ).toEqual([true, false])
      expect(await lines("destination?entity=identity")).toMatchObject([
        { row: { user_id: id, value: "second@acme.example" }, deleted: false }
      ])
      expect((await lines("ledger")).at(-1)).toMatchObject({
        kind: "identity.create",
        body: { user_id: id, value: "second@acme.example" }
      })
      expect((await zen("/api/v2/users", { body: { user: { name: "B", email: "second@acme.example" } } })).status).toBe(
        422
      )
    }))

  it("are made in bulk by a job with results per row, unless that is not enabled", async () => {
    const users = [
      { name: "A", email: "a@acme.example" },
      { name: "B", email: "A@acme.example" }
    ]
    await withSandbox({}, async (test) => {
      const { job_status: job } = (await test.zen("/api/v2/users/create_many", { body: { users } })).body
      const results = await jobDone(test, job.id)
      expect(results[0]).toMatchObject({ index: 0, success: true })
      expect(results[1]).toEqual({
        index: 1,
        status: "Failed",
        success: false,
        errors: "Email: A@acme.example is already being used by another user"
      })
      const again = (await test.zen("/api/v2/users/create_or_update_many", { body: { users } })).body.job_status
      expect((await jobDone(test, again.id)).every((result) => result.id === results[0]?.id)).toBe(true)
    })
    await withSandbox({ zendesk: { bulkUsers: false } }, async ({ zen }) => {
      expect((await zen("/api/v2/users/create_many", { body: { users } })).status).toBe(403)
      expect((await zen("/api/v2/users/create_or_update_many", { body: { users } })).status).toBe(403)
    })
  })
})

describe("organizations", () => {
  it("have names that are unique whatever their case and blanks", () =>
    withSandbox({}, async ({ zen }) => {
      const create = (organization: object) => zen("/api/v2/organizations", { body: { organization } })
      const made = await create({ name: " Finance ", external_id: "d-1" })
      expect(made).toMatchObject({ status: 201, body: { organization: { name: "Finance", external_id: "d-1" } } })
      expect((await create({ name: "FINANCE" })).body.details.name[0].error).toBe("DuplicateValue")
      expect((await create({ name: " " })).body.details.name[0].error).toBe("BlankValue")
      expect((await zen("/api/v2/organizations/search?name=finance")).body.organizations).toHaveLength(1)
      expect((await zen("/api/v2/organizations/search?external_id=d-1")).body.organizations).toHaveLength(1)
      expect((await zen("/api/v2/organizations/search?name=fin")).body.organizations).toEqual([])
    }))

  it("are created or updated by external id, never by name, and in bulk by a job", () =>
    withSandbox({}, async (test) => {
      const upsert = (organization: object) =>
        test.zen("/api/v2/organizations/create_or_update", { body: { organization } })
      expect((await upsert({ name: "A", external_id: "d-1" })).status).toBe(201)
      expect(await upsert({ name: "B", external_id: "d-1" })).toMatchObject({
        status: 200,
        body: { organization: { name: "B" } }
      })
      expect((await upsert({ name: "b" })).status).toBe(422)
      const organizations = [{ name: "C" }, { name: "c" }]
      const { job_status: job } = (await test.zen("/api/v2/organizations/create_many", { body: { organizations } }))
        .body
      expect((await jobDone(test, job.id)).map((result) => result.success)).toEqual([true, false])
    }))

  it("disappear when deleted, but stay in the export with deleted_at", () =>
    withSandbox({}, async ({ zen, pass }) => {
      const { id } = (await zen("/api/v2/organizations", { body: { organization: { name: "A" } } })).body.organization
      expect((await zen(`/api/v2/organizations/${id}`, { method: "DELETE" })).status).toBe(204)
      expect((await zen(`/api/v2/organizations/${id}`)).status).toBe(404)
      pass(61_000)
      const { organizations } = (await zen("/api/v2/incremental/organizations?start_time=0")).body
      expect(organizations[0]).toMatchObject({ id, deleted_at: "2026-11-01T12:00:00Z" })
    }))
})

describe("groups and memberships", () => {
  it("refuse a second membership, a stranger and an end user in a group", () =>
    withSandbox({}, async ({ zen }) => {
      const made = async (path: string, key: string, fields: object): Promise<number> =>
        (await zen(`/api/v2/${path}`, { body: { [key]: fields } })).body[key].id
      const agent = await made("users", "user", { name: "A", role: "agent" })
      const person = await made("users", "user", { name: "P" })
      const team = await made("groups", "group", { name: "Team" })
      const company = await made("organizations", "organization", { name: "Co" })
      const join = (kind: string, fields: object) =>
        zen(`/api/v2/${kind}_memberships`, { body: { [`${kind}_membership`]: fields } })
      expect((await join("group", { user_id: agent, group_id: team })).status).toBe(201)
      expect((await join("group", { user_id: agent, group_id: team })).status).toBe(422)
      expect((await join("group", { user_id: person, group_id: team })).status).toBe(422)
      expect((await join("group", { user_id: 1, group_id: team })).status).toBe(422)
      expect((await join("organization", { user_id: person, organization_id: company })).status).toBe(201)
      expect((await join("organization", { user_id: person, organization_id: company })).status).toBe(422)
      expect((await zen(`/api/v2/users/${person}`)).body.user.organization_id).toBe(company)
      expect((await zen(`/api/v2/groups/${team}/memberships`)).body.group_memberships).toHaveLength(1)
      expect(
        (await zen(`/api/v2/users/${person}/organization_memberships`)).body.organization_memberships
      ).toHaveLength(1)
    }))

  it("give a user made with an organization the membership without being told", () =>
    withSandbox({}, async ({ zen }) => {
      const { id } = (await zen("/api/v2/organizations", { body: { organization: { name: "Co" } } })).body.organization
      const { user } = (await zen("/api/v2/users", { body: { user: { name: "P", organization_id: id } } })).body
      const { organization_memberships: rows } = (await zen("/api/v2/organization_memberships?page[size]=10")).body
      expect(rows).toMatchObject([{ user_id: user.id, organization_id: id, default: true }])
    }))

  it("hide deleted groups unless asked", () =>
    withSandbox({}, async ({ zen }) => {
      const { id } = (await zen("/api/v2/groups", { body: { group: { name: "Team" } } })).body.group
      await zen(`/api/v2/groups/${id}`, { method: "DELETE" })
      expect((await zen("/api/v2/groups")).body.groups).toHaveLength(1)
      expect(
        (await zen("/api/v2/groups?exclude_deleted=false")).body.groups.map((row: { deleted: boolean }) => row.deleted)
      ).toEqual([false, true])
    }))
})
