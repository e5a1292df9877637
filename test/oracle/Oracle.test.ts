import { describe, expect, it } from "vitest"
import {
  again,
  type Comments,
  commentChanged,
  counted,
  type Damage,
  damage,
  fileChanged,
  inComment,
  inComments,
  inTicket,
  one,
  proof,
  ticketChanged
} from "./Damage.ts"
import type { Desk } from "./OracleFixture.ts"
import type { Destination } from "./Truth.ts"

const damages: ReadonlyArray<Damage> = [
  damage(
    "a lost ticket, with its comments",
    /^ticket 1: is not at the destination$/,
    { ticket: { missing: 1 }, comment: { missing: 3 }, attachment: { missing: 3 } },
    (d) => {
      d.destination.ticket.splice(0, 1)
    }
  ),
  damage("a deleted ticket", /^ticket 5: is not at/, { ticket: { missing: 1 }, comment: { missing: 1 } }, (d) => {
    d.destination.ticket[1] = { ...(d.destination.ticket[1] as Destination["ticket"]), deleted: true }
  }),
  damage(
    "a doubled ticket",
    /^ticket 5: was written 2 times$/,
    { ticket: { doubled: 1 }, comment: { doubled: 1 } },
    (d) => {
      d.destination.ticket.push({ ...(d.destination.ticket[1] as Destination["ticket"]), id: 77 })
    }
  ),
  damage(
    "a ticket that was written twice and removed once",
    /^ticket 1: was written 2 times$/,
    { ticket: { doubled: 1 }, comment: { doubled: 3 }, attachment: { doubled: 3 } },
    (d) => again(d, "ticket.import")
  ),
  damage(
    "a changed subject",
    /subject must be .*Printer.* and is "Printers"/,
    ticketChanged,
    inTicket(0, { subject: "Printers" })
  ),
  damage("a subject that was trimmed", /subject must be/, ticketChanged, inTicket(0, { subject: "Printer" })),
  damage(
    "a created_at moved by a second",
    /created_at must be/,
    ticketChanged,
    inTicket(0, { created_at: "2024-03-01T10:00:01Z" })
  ),
  damage("another status", /status must be "closed" and is "solved"/, ticketChanged, inTicket(1, { status: "solved" })),
  damage("another priority", /priority must be "urgent"/, ticketChanged, inTicket(1, { priority: "high" })),
  damage("another type", /type must be/, ticketChanged, inTicket(1, { type: "incident" })),
  damage("another requester", /requester must be 1001 and is 1003/, ticketChanged, inTicket(1, { requester_id: 1003 })),
  damage("a lost assignee", /assignee must be 1001 and is null/, ticketChanged, inTicket(0, { assignee_id: null })),
  damage("a former agent as assignee", /assignee must be null/, ticketChanged, inTicket(1, { assignee_id: 1002 })),
  damage("another group", /group must be 2001 and is 2002/, ticketChanged, inTicket(0, { group_id: 2002 })),
  damage("another organization", /organization must be 3002/, ticketChanged, inTicket(0, { organization_id: 3001 })),
  damage("a missing tag", /tags must be/, ticketChanged, (d) =>
    inTicket(0, { tags: d.destination.ticket[0]?.row.tags.filter((tag) => tag !== "x") ?? [] })(d)
  ),
  damage("a tag too many", /tags must be/, ticketChanged, (d) =>
    inTicket(0, { tags: [...(d.destination.ticket[0]?.row.tags ?? []), "y"] })(d)
  ),
  damage("a wrong custom field", /custom field "Seats" must be "3" and is "4"/, ticketChanged, (d) =>
    inTicket(0, {
      custom_fields: (d.destination.ticket[0]?.row.custom_fields ?? []).map((f) =>
        f.id === 2 ? { id: 2, value: 4 } : f
      )
    })(d)
  ),
  damage("a lost custom field", /custom field "Product line" must be "line_laptops" and is null/, ticketChanged, (d) =>
    inTicket(0, { custom_fields: (d.destination.ticket[0]?.row.custom_fields ?? []).filter((f) => f.id !== 4) })(d)
  ),
  damage(
    "a changed description",
    /^ticket 1: description must be/,
    ticketChanged,
    inComment(0, 0, { html_body: "<p>?</p>" })
  ),
  damage(
    "a description by another",
    /^ticket 1: description's author/,
    { ...ticketChanged, ...fileChanged },
    inComment(0, 0, { author_id: 1001 })
  ),
  damage("a private description", /^ticket 1: description's public/, ticketChanged, inComment(0, 0, { public: false })),
  damage(
    "comments in another order",
    /^comment of ticket 1: order/,
    commentChanged,
    inComments(0, (comments) => comments.splice(1, 2, comments[2] as Comments[number], comments[1] as Comments[number]))
  ),
  damage(
    "a wrong author",
    /^comment 12 of ticket 1: author must be 1001/,
    { ...commentChanged, ...fileChanged },
    inComment(0, 2, { author_id: 1003 })
  ),
  damage(
    "a public flag flipped",
    /^comment 12 of ticket 1: public must be false/,
    commentChanged,
    inComment(0, 2, { public: true })
  ),
  damage(
    "a changed body",
    /^comment 13 of ticket 1: body must be/,
    commentChanged,
    inComment(0, 3, { html_body: "<div>third</div>" })
  ),
  damage(
    "a comment at another time",
    /^comment 11 of ticket 1: created_at/,
    commentChanged,
    inComment(0, 1, { created_at: "2024-03-01T10:06:00Z" })
  ),
  damage(
    "a lost comment",
    /^comment 12: is not in ticket 1/,
    { ...one("comment", "missing"), ...one("attachment", "missing") },
    inComments(0, (comments) => comments.splice(2, 1))
  ),
  damage(
    "a comment that is there twice",
    /at place 4 of ticket 1: is there a second time/,
    { ...one("comment", "doubled"), ...one("attachment", "doubled") },
    inComments(0, (comments) => comments.push(comments[3] as Comments[number]))
  ),
  damage(
    "a comment that nobody wrote",
    /is in no conversation of the source/,
    one("comment", "doubled"),
    inComments(1, (comments) => comments.push({ ...(comments[1] as Comments[number]), html_body: "Hello" }))
  ),
  damage(
    "a long text that was cut",
    /^ticket 6: description must be/,
    ticketChanged,
    inComments(2, (comments) => comments.splice(1, 1))
  ),
  damage(
    "words instead of an empty comment that are not the documented ones",
    /^comment 51 of ticket 5: body/,
    commentChanged,
    inComment(1, 1, { html_body: "-", plain_body: "-" })
  ),
  damage("a ticket from nowhere", /ticket freshservice:acme:ticket:99 was written without an approval/, {}, (d) => {
    d.ledger.push({
      seq: 99,
      at: "2024-03-01T11:00:00.000Z",
      account: "acme",
      kind: "ticket.import",
      id: 9,
      external_id: "freshservice:acme:ticket:99",
      body: {}
    })
  }),
  damage("a ticket that was left out and is there", /^ticket 2: is at the destination/, {}, (d) => {
    const line = d.destination.ticket[1] as Destination["ticket"]
    d.destination.ticket.push({ ...line, id: 78, row: { ...line.row, external_id: "freshservice:acme:ticket:2" } })
  }),
  damage(
    "a write that changes what is there",
    /ticket.update of freshservice:acme:ticket:1, which no approval/,
    {},
    (d) => {
      d.ledger.push({
        seq: 99,
        at: "2024-03-01T11:00:00.000Z",
        account: "acme",
        kind: "ticket.update",
        id: 1,
        external_id: "freshservice:acme:ticket:1",
        body: {}
      })
    }
  ),
  damage(
    "a lost person",
    /^person requesters\/104: is not/,
    { person: { missing: 1 }, ticket: { changed: 2 } },
    (d) => {
      d.destination.user.splice(4, 1)
    }
  ),
  damage("another name of a person", /^person requesters\/103: name must be "Cy Ng"/, one("person", "changed"), (d) => {
    const line = d.destination.user[3] as Destination["user"]
    d.destination.user[3] = { ...line, row: { ...line.row, name: "Ng Cy" } }
  }),
  damage("one person as two users", /^person requesters\/105: is a user apart/, one("person", "doubled"), (d) => {
    const line = d.destination.user[4] as Destination["user"]
    const row = { ...line.row, id: 1005, external_id: "freshservice:acme:person:requesters/105" }
    d.destination.user.push({ ...line, id: 1005, row })
  }),
  damage("a user written twice", /^person agents\/101: stands 2 times/, one("person", "doubled"), (d) =>
    again(d, "user.create")
  ),
  damage("a group made twice", /^group 201: was made 2 times/, one("group", "doubled"), (d) =>
    again(d, "group.create")
  ),
  damage("another description of a group", /^group 201: description/, one("group", "changed"), (d) => {
    const line = d.destination.group[1] as Destination["group"]
    d.destination.group[1] = { ...line, row: { ...line.row, description: "?" } }
  }),
  damage(
    "a lost membership",
    /^group-member 201\/101: is not/,
    { "group-member": { missing: 1 }, ticket: { changed: 1 } },
    (d) => {
      d.destination.group_membership.pop()
    }
  ),
  damage(
    "a department under another's name",
    /^department 302: name must be "SALES \(302\)"/,
    one("department", "changed"),
    (d) => {
      const line = d.destination.organization[1] as Destination["organization"]
      d.destination.organization[1] = { ...line, row: { ...line.row, name: "SALES (2)" } }
    }
  )
]

describe("the oracle", () => {
  it("finds nothing in a perfect copy", async () => {
    const perfect = await proof()
    expect(perfect.problems).toEqual([])
    expect(perfect.json.ok).toBe(true)
    expect(counted(perfect)).toEqual({})
    expect(perfect.json.entities["ticket"]).toMatchObject({ source: 7, topic: 7, excluded: 3, approved: 4, failed: 1 })
    expect(perfect.json.entities["comment"]?.source).toBe(8)
    expect(perfect.failedOnPurpose).toEqual(["ticket 4: Subject: contains a placeholder that is not allowed"])
  })

  it("leaves alone what stood at the destination before: it is matched and never changed", async () => {
    const matched = await proof((d) => {
      const line = d.destination.user[3] as Destination["user"]
      d.destination.user[3] = { ...line, row: { ...line.row, external_id: null, name: "Was Here", phone: null } }
      const write = d.ledger.findIndex(({ external_id }) => external_id === "freshservice:acme:person:requesters/103")
      d.ledger.splice(write, 1)
      // Nor do they get further addresses.
      d.destination.identity.pop()
      d.ledger.splice(
        d.ledger.findIndex(({ kind }) => kind === "identity.create"),
        1
      )
    })
    expect(matched.problems).toEqual([])
  })

  it.each(damages)("finds $what", async ({ change, counts, line }) => {
    const damaged = await proof(change)
    expect(damaged.json.ok).toBe(false)
    expect(damaged.problems).toEqual(expect.arrayContaining([expect.stringMatching(line)]))
    expect(counted(damaged)).toEqual(counts)
  })
})

describe("the books", () => {
  const lines = async (change: (desk: Desk) => void): Promise<string> => (await proof(change)).problems.join("\n")

  it("must say that what must fail has failed", async () => {
    const said = await lines((d) => d.failed.ticket.delete("4"))
    expect(said).toMatch(/ticket 4: must fail and did not/)
  })

  it("may not fail anything else", async () => {
    const said = await lines((d) => d.failed.ticket.set("1", "no idea"))
    expect(said).toMatch(/ticket 1: failed \(no idea\) and must not/)
  })

  it("must leave out exactly what the rules leave out, and say why", async () => {
    expect(await lines((d) => d.excluded.ticket.delete("7"))).toMatch(/ticket 7: must be left out \(spam\) and is not/)
    expect(await lines((d) => d.excluded.ticket.set("7", "a whim"))).toMatch(/because of "a whim" and not of "spam"/)
    expect(await lines((d) => d.excluded.ticket.set("1", "a whim"))).toMatch(/ticket 1: is left out/)
    expect(await lines((d) => d.excluded.person.set("agents/101", "a whim"))).toMatch(/agents\/101: is left out/)
  })

  it.each([
    ["source = topic", { topic: 8 }],
    ["topic = archived \\+ dead", { archived: 6 }],
    ["dead = 0", { dead: 1, archived: 6 }],
    ["archived = approved \\+ excluded", { excluded: 2 }],
    ["approved = loaded \\+ matched \\+ failed", { matched: 1 }],
    ["missing as the auditor says", { missing: 1 }]
  ])("must hold: %s", async (words, row) => {
    const said = await lines((d) => {
      const result = d.results.get("ticket")
      if (result !== undefined) d.results.set("ticket", { ...result, ...row })
    })
    expect(said).toMatch(new RegExp(`ticket: ${words}`))
  })

  it("must show the same hash for topic and archive, and for what was approved and loaded", async () => {
    const hashes = { topic: "t", archive: "u", approved: "b", loaded: "" }
    const said = await lines((d) => {
      const result = d.results.get("person")
      if (result !== undefined) d.results.set("person", { ...result, hashes })
    })
    expect(said).toMatch(/person: hash of the topic = hash of the archive: t and u/)
    expect(said).toMatch(/person: hash approved/)
    expect(said).toMatch(/person: hash loaded/)
  })

  it("must have a result for every entity", async () => {
    expect(await lines((d) => d.results.delete("group"))).toMatch(/group: the auditor has no result/)
  })
})
