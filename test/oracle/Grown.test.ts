import { describe, expect, it } from "vitest"
import type { Result } from "./Claims.ts"
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

const inAsset = (row: Partial<Destination["custom_object_record"]["row"]>) => (d: Desk) => {
  const [record] = d.destination.custom_object_record
  if (record !== undefined) d.destination.custom_object_record[0] = { ...record, row: { ...record.row, ...row } }
}
const inField = (field: string, value: unknown) => (d: Desk) => {
  const fields = d.destination.custom_object_record[0]?.row.custom_object_fields
  inAsset({ custom_object_fields: { ...fields, [field]: value } })(d)
}
const inTie = (id: string, field: string, value: unknown) => (d: Desk) => {
  const at = d.destination.custom_object_record.findIndex((record) => record.id === id)
  const record = d.destination.custom_object_record[at] as Destination["custom_object_record"]
  const fields = { ...record.row.custom_object_fields, [field]: value }
  d.destination.custom_object_record[at] = { ...record, row: { ...record.row, custom_object_fields: fields } }
}
const lose = (id: string) => (d: Desk) => {
  d.destination.custom_object_record.splice(
    d.destination.custom_object_record.findIndex((record) => record.id === id),
    1
  )
}
const inFile = (place: number, change: (files: Array<Attached>) => void) =>
  inComments(0, (comments) => {
    const comment = comments[place] as Comments[number]
    const attachments = [...(comment.attachments ?? [])]
    change(attachments)
    comments[place] = { ...comment, attachments }
  })
/** What names the asset: a ticket, a problem, a change. */
const linked = { ...one("ticket", "changed"), ...one("problem", "changed"), ...one("change", "changed") }
type Attached = NonNullable<Comments[number]["attachments"]>[number]

const damages: ReadonlyArray<Damage> = [
  damage("a lost further address", /^person requesters\/103: further addresses/, one("person", "changed"), (d) => {
    d.destination.identity.pop()
  }),
  damage("a further address that is nobody's", /^identity 1003 x@y.example was written without/, {}, (d) => {
    const write = d.ledger.find(({ kind }) => kind === "identity.create")
    if (write !== undefined) d.ledger.push({ ...write, body: { user_id: 1003, value: "x@y.example" } })
  }),
  damage("a lost file", /^attachment 92: is not at ticket 1/, one("attachment", "missing"), (d) =>
    inFile(2, (files) => files.pop())(d)
  ),
  damage("a file with one byte changed", /^attachment 91: SHA-256 must be "1+" and is "9+"/, fileChanged, (d) => {
    d.destination.attachment[0] = { id: 901, sha256: "9".repeat(64) }
  }),
  damage("a file at another comment", /^attachment 92: comment must be/, fileChanged, (d) => {
    let moved: Attached | undefined
    inFile(2, (files) => {
      moved = files.pop()
    })(d)
    inFile(1, (files) => files.push(moved as Attached))(d)
  }),
  damage("a file of another name", /^attachment 91: name must be "a.txt"/, fileChanged, (d) =>
    inFile(0, (files) => files.splice(0, 1, { ...(files[0] as Attached), file_name: "c.txt" }))(d)
  ),
  damage("a file that is there twice", /^attachment a.txt: with 1+ is at ticket 1/, one("attachment", "doubled"), (d) =>
    inFile(0, (files) => files.push({ ...(files[0] as Attached), id: 901 }))(d)
  ),
  damage("a picture that its text does not show", /^comment 13 of ticket 1: body must be/, commentChanged, (d) =>
    inComment(0, 3, { html_body: "<div>Third</div>" })(d)
  ),
  damage("a picture whose text names the source still", /^comment 13 of ticket 1: body/, commentChanged, (d) =>
    inComment(0, 3, { html_body: d.corpus.ticket[0]?.conversations[2]?.body ?? "" })(d)
  ),
  damage("a file sent that nobody approved", /^upload 8+ was written without/, {}, (d) => {
    const write = d.ledger.find(({ kind }) => kind === "upload.create")
    if (write !== undefined) d.ledger.push({ ...write, body: { sha256: "8".repeat(64) } })
  }),
  damage("a file left out that could be had", /^attachment 91: is left out/, {}, (d) =>
    d.excluded.attachment.set("attachments/91", "too heavy")
  ),
  damage("a file of an asset that is not left out", /^attachment 95: is not left out/, {}, (d) =>
    d.excluded.attachment.delete("asset_attachments/95")
  ),
  damage(
    "an incident without its problem",
    /^ticket 1: problem must be 51/,
    ticketChanged,
    inTicket(0, { problem_id: null })
  ),
  damage("a request with a problem", /^ticket 5: problem must be null/, ticketChanged, inTicket(1, { problem_id: 51 })),
  damage(
    "a note that does not name an asset",
    /^ticket 1: note "Links at the source" must be "5"/,
    ticketChanged,
    inComment(0, 4, { html_body: "<p><b>Links at the source</b></p><p>Assets: 15</p><p>Change: 1</p>" })
  ),
  damage(
    "a problem that does not lead to its asset",
    /^problem 1: custom field "Asset: Laptop" must be "R5" and is null/,
    one("problem", "changed"),
    inTicket(3, { custom_fields: [] })
  ),
  damage(
    "a ticket that leads to an asset it does not name",
    /^ticket 5: custom field "Asset: Laptop" must be null and is "R5"/,
    ticketChanged,
    (d) =>
      inTicket(1, { custom_fields: [...(d.destination.ticket[1]?.row.custom_fields ?? []), { id: 9, value: "R5" }] })(d)
  ),
  damage("a field to assets that was made twice", /^asset-type 501: 2 fields of tickets were made/, {}, (d) =>
    again(d, "ticket_field.create")
  ),
  damage("a field that nobody approved", /^ticket_field Asset: Car > .* was written without/, {}, (d) => {
    const write = d.ledger.find(({ kind }) => kind === "ticket_field.create")
    if (write !== undefined) d.ledger.push({ ...write, body: { title: "Asset: Car", target: "zen:custom_object:car" } })
  }),
  damage("a note that all may read", /^ticket 5: notes must be/, ticketChanged, inComment(1, 2, { public: true })),
  damage(
    "a lost problem",
    /^problem 1: is not at the destination/,
    {
      problem: { missing: 1 },
      comment: { missing: 1 },
      ticket: { changed: 1 }
    },
    (d) => {
      d.destination.ticket.splice(3, 1)
    }
  ),
  damage(
    "a problem that is no problem",
    /^problem 1: type must be "problem"/,
    one("problem", "changed"),
    inTicket(3, { type: "incident" })
  ),
  damage(
    "a lost note of a problem",
    /^comment problem_notes\/81: is not in problem 1/,
    one("comment", "missing"),
    inComments(3, (comments) => comments.pop())
  ),
  damage(
    "a change with another end",
    /^change 1: due must be/,
    one("change", "changed"),
    inTicket(4, { due_at: null })
  ),
  damage("a plain text that was changed", /^change 1: description must be/, one("change", "changed"), (d) =>
    inComment(4, 0, { html_body: "It is &quot;slow&quot; &amp; <br>" })(d)
  ),
  damage(
    "a change without its tag",
    /^change 1: tags must be/,
    one("change", "changed"),
    inTicket(4, { tags: ["big"] })
  ),
  damage("a doubled change", /^change 1: was written 2 times/, one("change", "doubled"), (d) => {
    d.destination.ticket.push({ ...(d.destination.ticket[4] as Destination["ticket"]), id: 78 })
  }),
  damage(
    "a lost asset",
    /^asset 5: is not at the destination/,
    { asset: { missing: 1 }, relation: { changed: 3 }, ...linked },
    lose("R5")
  ),
  damage("a doubled asset", /^asset 5: was written 2 times/, one("asset", "doubled"), (d) =>
    again(d, "custom_object_record.create")
  ),
  damage("an asset of another type", /^asset 5: object must be "laptop_501"/, one("asset", "changed"), (d) => {
    d.destination.custom_object_record[0] = {
      ...(d.destination.custom_object_record[0] as Destination["custom_object_record"]),
      object: "x_502"
    }
  }),
  damage(
    "an asset of another's",
    /^asset 5: used_by must be 1003 and is null/,
    one("asset", "changed"),
    inField("used_by", null)
  ),
  damage(
    "an asset without a value of its own",
    /^asset 5: further details must be "os: Linux"/,
    one("asset", "changed"),
    inField("further_details", null)
  ),
  damage("a model under its number", /^asset 5: model/, one("asset", "changed"), inField("model", "77")),
  damage("an asset of the trash", /^asset 6: is at the destination/, {}, (d) => {
    const record = d.destination.custom_object_record[0] as Destination["custom_object_record"]
    d.destination.custom_object_record.push({
      ...record,
      row: { ...record.row, external_id: "freshservice:acme:asset:6" }
    })
  }),
  damage("a type that nothing is of", /^asset-type 502: is at the destination and must not be/, {}, (d) => {
    d.destination.custom_object.push({ id: "server_502", row: { title: "Server" } })
  }),
  damage(
    "a lost type",
    /^asset-type 501: is not at the destination/,
    { "asset-type": { missing: 1 }, asset: { changed: 1 }, ...linked },
    (d) => {
      d.destination.custom_object.shift()
    }
  ),
  damage("a lost location", /^location 602: is not at the destination/, one("location", "missing"), lose("L2")),
  damage(
    "a location in another place",
    /^location 602: part_of must be "Berlin" and is null/,
    one("location", "changed"),
    inTie("L2", "part_of", null)
  ),
  damage(
    "an asset at another place",
    /^asset 5: location must be "L1"/,
    one("asset", "changed"),
    inField("location", "L2")
  ),
  damage("a lost relationship", /^relation 701: is not at the destination/, one("relation", "missing"), lose("T1")),
  damage(
    "a relationship with another person",
    /^relation 701: to_user must be 1003 and is 1001/,
    one("relation", "changed"),
    inTie("T1", "to_user", 1001)
  ),
  damage("a doubled relationship", /^relation 702: was written 2 times/, one("relation", "doubled"), (d) => {
    const write = d.ledger.find((one) => one.external_id?.endsWith(":relation:702") === true)
    if (write !== undefined) d.ledger.push(write)
  }),
  damage("a relationship left out that could be written", /^relation 702: is left out/, {}, (d) =>
    d.excluded.relation.set("702", "no reason")
  ),
  damage("an object made twice", /^custom_object source_location: was made 2 times/, {}, (d) => {
    const write = d.ledger.find(({ body }) => body.key === "source_location")
    if (write !== undefined) d.ledger.push(write)
  }),
  damage("a relation that is not left out", /^relation: excluded = what the rules leave out does not hold/, {}, (d) =>
    d.results.set("relation", { ...(d.results.get("relation") as Result), excluded: 0, approved: 3, loaded: 3 })
  )
]

describe("the oracle, of files, assets, problems and changes,", () => {
  it.each(damages)("finds $what", async ({ change, counts, line }) => {
    const found = await proof(change)
    expect(found.json.ok).toBe(false)
    expect(found.problems.filter((problem) => line.test(problem)).length).toBeGreaterThan(0)
    expect(counted(found)).toEqual(counts)
  })
})
