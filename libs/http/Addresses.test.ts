import { describe, expect, it } from "vitest"
import { hostMatches, isPrivateAddress, mappedHost, parseHostMap } from "./Addresses.ts"

describe("addresses", () => {
  it.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "not an address"
  ])("%s is not on the public internet", (address) => expect(isPrivateAddress(address)).toBe(true))

  it.each(["8.8.8.8", "104.16.51.111", "172.32.0.1", "2606:4700::6810:336f"])("%s is", (address) =>
    expect(isPrivateAddress(address)).toBe(false)
  )

  it.each([
    ["acme.zendesk.com", "*.zendesk.com", true],
    ["ACME.Zendesk.com.", "*.zendesk.com", true],
    ["zendesk.com", "*.zendesk.com", false],
    ["evilzendesk.com", "*.zendesk.com", false],
    ["acme.zendesk.com.evil.com", "*.zendesk.com", false],
    ["acme.zendesk.com", "acme.zendesk.com", true]
  ])("%s under %s: %s", (host, pattern, matches) => expect(hostMatches(host, pattern)).toBe(matches))
})

describe("the host map", () => {
  it("takes an exact host before a pattern, and the longer pattern first", () => {
    const map = parseHostMap(
      '{"*.com":"https://a.example","*.zendesk.com":"http://127.0.0.1:1","acme.zendesk.com":"http://localhost:2"}'
    )
    if (typeof map === "string") throw new Error(map)
    expect(mappedHost(map, "acme.zendesk.com")?.origin.port).toBe("2")
    expect(mappedHost(map, "other.zendesk.com")?.origin.port).toBe("1")
    expect(mappedHost(map, "x.com")?.origin.hostname).toBe("a.example")
    expect(mappedHost(map, "x.org")).toBeUndefined()
  })

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["http off loopback", '{"a.com":"http://10.0.0.1"}'],
    ["http to a name that looks like loopback", '{"a.com":"http://127.evil.com"}'],
    ["no origin", '{"a.com":"x"}'],
    ["another scheme", '{"a.com":"ftp://127.0.0.1"}'],
    ["a path", '{"a.com":"http://127.0.0.1/x"}'],
    ["no host", '{"a b":"http://127.0.0.1"}']
  ])("is refused with a sentence: %s", (_what, text) => expect(parseHostMap(text)).toContain("BRIDGE_HOST_MAP"))
})
