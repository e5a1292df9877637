// `bridge connector` from argument to exit code: what it prints, against accounts played on loopback.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connectorNamed } from "@bridge/connectors/Connectors"
import { freshserviceWith, tickets } from "@bridge/connectors/freshservice/TestAccount"
import { zendesk } from "@bridge/connectors/zendesk/TestAccount"
import { json, type Respond } from "@bridge/http/TestVendor"
import { afterAll, describe, expect, it } from "vitest"
import { BadUse, parseArguments } from "./Arguments.ts"
import { recordLine } from "./Lines.ts"
import { type Ran, ran } from "./TestRun.ts"

const dir = mkdtempSync(join(tmpdir(), "bridge-connector-"))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const file = (name: string, value: unknown): string => {
  const path = join(dir, name)
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value))
  return path
}
const fs = file("fs.json", { domain: "acme.freshservice.com", api_key: "key" })
const zd = file("zd.json", { subdomain: "acme", email: "me@x.org", api_token: "tok" })

const read = (connector: string, config: string, stream: string, ...more: ReadonlyArray<string>) => [
  "read",
  "--connector",
  connector,
  "--config",
  config,
  "--stream",
  stream,
  ...more
]
const records = (run: Ran) => run.lines.filter(({ type }) => type === "record")
const ids = (run: Ran) => records(run).map(({ id }) => id)
const lastState = (run: Ran) => run.lines.findLast(({ type }) => type === "state")?.state
const freshservice: Respond = (call, response, number) => freshserviceWith(tickets())(call, response, number)

describe("the arguments", () => {
  it("come in both forms", () =>
    expect(
      parseArguments(["read", "--connector=x", "--config", "f", "--stream", "s", "--limit", "5", "--normalized"])
    ).toEqual({
      command: "read",
      connector: "x",
      config: "f",
      stream: "s",
      limit: 5,
      normalized: true
    }))

  it.each([
    [[]],
    [["sing"]],
    [["read"]],
    [["read", "--connector"]],
    [["list", "--what"]],
    [["read", "--connector", "x", "--config", "f", "--stream", "s", "--limit", "-1"]]
  ])("are refused with the usage: %j", (argv) => expect(parseArguments(argv)).toBeInstanceOf(BadUse))
})

describe("bridge connector", () => {
  it("lists the connectors", async () => {
    expect((await ran(["list"])).lines).toEqual([
      { type: "connector", connector: "freshservice" },
      { type: "connector", connector: "zendesk" }
    ])
  })

  it.each([
    ["no command", []],
    ["an unknown connector", ["check", "--connector", "nope", "--config", fs]],
    ["a file that is not there", ["check", "--connector", "zendesk", "--config", join(dir, "none")]],
    ["a file that is not JSON", ["check", "--connector", "zendesk", "--config", file("bad.json", "{")]],
    ["a configuration of another vendor", ["check", "--connector", "zendesk", "--config", fs]],
    ["an unknown stream", read("zendesk", zd, "nope")],
    [
      "a stream that cannot be written",
      ["write", "--connector", "freshservice", "--config", fs, "--stream", "tickets"]
    ],
    ["a state that is none", read("zendesk", zd, "users", "--state", file("state.json", "[]"))]
  ])("ends with 2 on %s, before any call", async (_what, argv) => {
    const run = await ran(argv)
    expect(run).toMatchObject({ code: 2, text: "", calls: 0 })
    expect(run.words).not.toBe("")
  })

  it("says in one line which fields are wrong, and never what they hold", async () => {
    const wrong = file("wrong.json", { api_key: 12345, start_date: "yesterday" })
    const run = await ran(["check", "--connector", "freshservice", "--config", wrong])
    expect(run.words).toBe(
      `${wrong}: domain: missing; api_key: Expected string; start_date: must be a date like 2024-01-31 or an ISO 8601 instant\n`
    )
  })

  it("checks credentials: 0 when good, 3 when refused, 4 when there is no answer to have", async () => {
    const check = ["check", "--connector", "zendesk", "--config", zd]
    expect(await ran(check, zendesk)).toMatchObject({ code: 0, lines: [{ type: "check", ok: true, reason: null }] })
    const refused = await ran(check, (_call, response) => json(response, 401, { error: "Couldn't authenticate you" }))
    expect(refused).toMatchObject({ code: 3, lines: [{ type: "check", ok: false }] })
    const missing = await ran(check, (_call, response) =>
      json(response, 404, { error: { title: "No help desk at acme.zendesk.com" } })
    )
    expect(missing).toMatchObject({ code: 4, lines: [{ type: "check", ok: false }] })
  })

  const streamsOf = (vendor: string) => connectorNamed(vendor)?.streams.map(({ name }) => name) ?? []

  it("discovers streams with the account's own fields", async () => {
    const run = await ran(["discover", "--connector", "freshservice", "--config", fs], freshservice)
    expect(run.lines.map(({ stream }) => stream)).toEqual(streamsOf("freshservice"))
    expect(run.lines[0]?.schema).toMatchObject({
      properties: { custom_fields: { properties: { site: { title: "Site" } } } }
    })
  })

  it("reads a stream, with a state after every page, never ahead of what was printed", async () => {
    const run = await ran(read("freshservice", fs, "requesters"), freshservice)
    expect(run.lines.map(({ type }) => type)).toEqual(["record", "record", "state", "record", "state"])
    expect(ids(run)).toEqual(["21000000001", "21000000002", "21000000003"])
    expect(run.code).toBe(0)
  })

  it("goes on from any state it printed", async () => {
    for (const [connector, config, stream, respond] of [
      ["freshservice", fs, "tickets", freshservice],
      ["freshservice", fs, "conversations", freshservice],
      ["zendesk", zd, "tickets", zendesk],
      ["zendesk", zd, "ticket_comments", zendesk],
      ["zendesk", zd, "organizations", zendesk]
    ] as const) {
      const all = await ran(read(connector, config, stream), respond)
      const states = all.lines.flatMap((line, at) => (line.type === "state" ? [at] : []))
      for (const at of states.slice(0, -1)) {
        const rest = await ran(
          read(connector, config, stream, "--state", file("at.json", all.lines[at]?.state)),
          respond
        )
        const before = all.lines.slice(0, at).flatMap(({ id, type }) => (type === "record" ? [id] : []))
        expect(new Set([...before, ...ids(rest)])).toEqual(new Set(ids(all)))
      }
    }
  }, 60_000)

  it.each([
    ["freshservice", fs, "tickets", freshservice],
    ["freshservice", fs, "conversations", freshservice],
    ["zendesk", zd, "organizations", zendesk]
  ] as const)(
    "reads %s %s in small bites, each record once",
    async (connector, config, stream, respond) => {
      const all = ids(await ran(read(connector, config, stream), respond))
      const eaten: Array<unknown> = []
      let state: unknown = {}
      for (let bite = 0; bite < 60 && eaten.length < all.length; bite++) {
        const run = await ran(
          read(connector, config, stream, "--limit", "1", "--state", file("bite.json", state)),
          respond
        )
        expect(ids(run).length).toBeLessThanOrEqual(1)
        eaten.push(...ids(run))
        state = lastState(run)
      }
      expect(eaten.toSorted()).toEqual(all.toSorted())
    },
    60_000
  )

  it("prints canonical records beside the row when asked", async () => {
    const run = await ran(read("freshservice", fs, "groups", "--normalized", "--limit", "1"), freshservice)
    expect(records(run)[0]?.normalized).toMatchObject([
      { entity: "group", id: "5", record: { name: "Desk" } },
      { entity: "group-member", id: "5/3" },
      { entity: "group-member", id: "5/2" },
      { entity: "group-member", id: "5/4" },
      { entity: "group-member", id: "5/1", record: { role: "leader" } }
    ])
  })

  it("prints the vendor's row byte for byte: digits, escapes, emoji, white space inside strings", async () => {
    const row = '{ "id" : 9007199254740993,\n"subject":"\\u00e9 \\ud83d\\ude00 😀  two  blanks\\n","n":1.50 }'
    const run = await ran(read("zendesk", zd, "tickets"), (_call, response) =>
      response.end(`{"tickets":[${row}],"end_of_stream":true,"after_cursor":null}`)
    )
    expect(run.text).toContain(`"data":${row.replaceAll("\n", " ")}}`)
    expect(ids(run)).toEqual(["9007199254740993"])
  })

  it("prints the vendor's row alone, and uses what other answers said of it in the record", async () => {
    const detail = '{"id":1, "type":"Service Request", "updated_at":"2026-01-01T00:00:00Z"}'
    const account: Respond = (call, response, number) => {
      const path = call.url.pathname.replace("/api/v2/", "")
      if (path === "tickets/1") return response.end(`{"ticket":${detail}}`)
      if (path === "tickets/1/requested_items") return json(response, 200, { requested_items: [{ id: 3 }] })
      if (path !== "tickets") return freshservice(call, response, number)
      const stats = { ticket_id: 1, resolved_at: "2026-02-01T00:00:00Z" }
      json(response, 200, { tickets: call.url.searchParams.has("filter") ? [] : [{ ...JSON.parse(detail), stats }] })
    }
    const run = await ran(read("freshservice", fs, "tickets", "--normalized"), account)
    expect(run.text).toContain(`"data":${detail},"normalized":`)
    expect(records(run)[0]?.normalized).toMatchObject([
      { record: { resolved_at: "2026-02-01T00:00:00Z", requested_items: [{ id: 3 }] } }
    ])
  })

  it("ends with 3 when credentials are refused and 4 when the vendor fails, and keeps what was printed", async () => {
    const refused = await ran(read("zendesk", zd, "users"), (_call, response) => json(response, 401, {}))
    expect(refused).toMatchObject({ code: 3, lines: [] })
    const failing: Respond = (call, response, number) =>
      number === 1 ? freshservice(call, response, number) : json(response, 400, {})
    const failed = await ran(read("freshservice", fs, "requesters"), failing)
    expect(failed.code).toBe(4)
    expect(failed.lines.map(({ type }) => type)).toEqual(["record", "record", "state"])
  })

  it("says where a failed page was left, so that nothing printed is read again", async () => {
    const failing: Respond = (call, response, number) =>
      call.url.pathname.endsWith("/tickets/2") ? json(response, 400, {}) : freshservice(call, response, number)
    const failed = await ran(read("freshservice", fs, "tickets"), failing)
    expect(failed).toMatchObject({ code: 4, lines: [{ type: "record", id: "1" }, { type: "state" }] })
    const rest = await ran(
      read("freshservice", fs, "tickets", "--state", file("on.json", lastState(failed))),
      freshservice
    )
    expect(ids(rest)).toEqual(["2", "3", "4", "5", "6", "7", "8", "9"])
  })

  it("reads tickets of a vendor that takes neither an order nor a filter together with updated_since", async () => {
    const strict: Respond = (call, response, number) => {
      const { searchParams } = call.url
      return searchParams.has("order_by") || (searchParams.has("filter") && searchParams.has("updated_since"))
        ? json(response, 400, {
            description: "Validation failed",
            errors: [{ field: "order_by", code: "invalid_field" }]
          })
        : freshservice(call, response, number)
    }
    const run = await ran(read("freshservice", fs, "tickets"), strict)
    expect(run.code).toBe(0)
    expect(new Set(ids(run))).toEqual(new Set(["1", "2", "3", "4", "5", "6", "9"]))
  })

  it("does not call the streams of an account that is not there discovered", async () => {
    const discover = ["discover", "--connector", "freshservice", "--config", fs]
    expect(await ran(discover, (_call, response) => json(response, 404, {}))).toMatchObject({ code: 4, lines: [] })
    const plain: Respond = (call, response, number) =>
      call.url.pathname.includes("fields") ? json(response, 403, {}) : freshservice(call, response, number)
    expect((await ran(discover, plain)).lines).toHaveLength(streamsOf("freshservice").length)
  })

  /** Whatever is asked for: three rows under every key, and the way to one more page. */
  const endless = (rows: (number: number) => ReadonlyArray<object>, after: (number: number) => string): Respond => {
    const keys = "tickets conversations requesters agents users groups group_memberships comments".split(" ")
    return (call, response, number) => {
      if (/\/tickets\/\d+$/.test(call.url.pathname)) return json(response, 404, {})
      const page = {
        ...Object.fromEntries(keys.map((key) => [key, rows(number)])),
        after_cursor: after(number),
        end_of_stream: false,
        meta: { has_more: true, after_cursor: after(number) }
      }
      json(response, 200, page, { link: `<https://acme.freshservice.com${call.url.pathname}?page=1>; rel="next"` })
    }
  }
  const three = [1, 2, 3].map((id) => ({ id, updated_at: "2026-01-01T00:00:00Z", generated_timestamp: 1 }))
  it.each([
    [
      "names itself as the next one",
      endless(
        () => three,
        () => "same"
      )
    ],
    [
      "goes in a circle of pages",
      endless(
        () => three,
        (number) => `c${number % 3}`
      )
    ],
    [
      "is empty, and so are all that follow",
      endless(
        () => [],
        (number) => (number < 40 ? `c${number}` : "end")
      )
    ]
  ])(
    "ends with 4 when a list %s, gives each row at most twice, and the state goes on from there",
    async (_what, respond) => {
      for (const [connector, config, stream] of [
        ["freshservice", fs, "requesters"],
        ["freshservice", fs, "tickets"],
        ["zendesk", zd, "users"],
        ["zendesk", zd, "groups"],
        ["zendesk", zd, "ticket_comments"]
      ] as const) {
        const run = await ran(read(connector, config, stream), respond)
        expect([run.code, stream]).toEqual([4, stream])
        expect(run.calls).toBeLessThan(60)
        expect(run.words).toMatch(/read before|same rows|nothing new/)
      }
    },
    30_000
  )

  it("takes no answer for Zendesk's that is not", async () => {
    const check = ["check", "--connector", "zendesk", "--config", zd]
    const run = await ran(check, (_call, response) => json(response, 200, { message: "hello" }))
    expect(run).toMatchObject({ code: 4, lines: [{ ok: false }] })
  })

  it("goes on after rows that are no UTF-8 or nested without end", async () => {
    const deep = `{"id":2,"custom_fields":{"x":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`
    const body = Buffer.concat([
      Buffer.from('{"requesters":[{"id":1,"first_name":"J'),
      Buffer.from([0xf6]),
      Buffer.from(`rg"},${deep},{"id":3}]}`)
    ])
    const run = await ran(read("freshservice", fs, "requesters", "--normalized"), (_call, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(body)
    })
    expect(run).toMatchObject({ code: 0 })
    expect(ids(run)).toEqual(["2", "3"])
    expect(records(run)[0]).toMatchObject({ normalized: [] })
    expect(run.words).toContain("left out: requesters/1")
    expect(run.words).toContain("makes no record: requesters/2")
  })

  it("prints a ticket once that is among the deleted and among spam", async () => {
    const both = tickets().map((one) =>
      one.id === 3 ? { ...one, updated_at: "2020-01-01T00:00:00Z", deleted: true, spam: true } : one
    )
    const run = await ran(read("freshservice", fs, "tickets"), freshserviceWith(both))
    expect(ids(run).toSorted()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"])
    const children = await ran(read("freshservice", fs, "conversations"), freshserviceWith(both))
    expect(ids(children).length).toBe(new Set(ids(children)).size)
  })

  it("says once what the account does not show, and goes on", async () => {
    const hidden =
      (path: string): Respond =>
      (call, response, number) =>
        call.url.pathname.endsWith(path)
          ? json(response, 403, { code: "access_denied", message: "ask your administrator" })
          : freshservice(call, response, number)
    const children = await ran(read("freshservice", fs, "conversations"), hidden("/conversations"))
    expect(children).toMatchObject({ code: 0 })
    expect(records(children)).toEqual([])
    expect(children.words.match(/ask your administrator/g)).toHaveLength(1)
    const list = await ran(read("freshservice", fs, "problems"), hidden("/problems"))
    expect(list).toMatchObject({ code: 0 })
    expect(list.words.match(/ask your administrator/g)).toHaveLength(1)
  })

  it("leaves out a row that is not JSON, says so, and goes on", async () => {
    const run = await ran(read("zendesk", zd, "groups"), (_call, response) =>
      response.end('{"groups":[{"id":1,"name":"\\q"},{"id":2}],"meta":{"has_more":false}}')
    )
    expect(ids(run)).toEqual(["2"])
    expect(run.words).toContain("not JSON")
  })
})

describe("a record line", () => {
  it("changes white space outside strings only", () =>
    expect(recordLine("s", "1", Buffer.from('{"a":\r\n"b\\n"}'), null).toString()).toBe(
      '{"type":"record","stream":"s","id":"1","data":{"a":  "b\\n"}}\n'
    ))
})
