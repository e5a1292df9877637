// Which hosts and addresses a vendor call may reach, and where the host map sends it. For the wire; pure.
import { BlockList, isIP } from "node:net"

/** True when the host is the pattern or, for `*.x`, ends with `.x`. Case does not matter. */
export const hostMatches = (host: string, pattern: string): boolean => {
  const name = host.toLowerCase().replace(/\.$/, "")
  const want = pattern.toLowerCase()
  return want.startsWith("*.") ? name.endsWith(want.slice(1)) && name.length > want.length - 1 : name === want
}

const reserved: ReadonlyArray<readonly [string, number, "ipv4" | "ipv6"]> = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 127, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["100::", 64, "ipv6"],
  ["2001::", 23, "ipv6"],
  ["2001:db8::", 32, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"]
]

const blocked = new BlockList()
for (const [net, prefix, family] of reserved) blocked.addSubnet(net, prefix, family)

/** True for an address that is not on the public internet: loopback, private, link-local, reserved, or no address at all. */
export const isPrivateAddress = (address: string): boolean => {
  const plain = address.replace(/%.*$/, "")
  const mapped = /^::(?:ffff:(?:0:)?)?(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  if (mapped !== undefined) return isPrivateAddress(mapped)
  const family = isIP(plain)
  if (family === 0) return true
  return blocked.check(plain, family === 4 ? "ipv4" : "ipv6")
}

const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."))

/** Where the calls for a vendor host go instead. */
export interface MappedHost {
  /** `acme.freshservice.com` or `*.freshservice.com`. */
  readonly pattern: string
  readonly origin: URL
}

/** The entries of `BRIDGE_HOST_MAP`, or a sentence on what is wrong with it. */
export const parseHostMap = (text: string): ReadonlyArray<MappedHost> | string => {
  const example = `{"*.freshservice.com":"http://127.0.0.1:4010"}`
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return `BRIDGE_HOST_MAP is not JSON; write it like ${example}`
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return `BRIDGE_HOST_MAP must be an object from host to origin, like ${example}`
  const entries: Array<MappedHost> = []
  for (const [pattern, target] of Object.entries(parsed)) {
    if (!/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(pattern))
      return `BRIDGE_HOST_MAP: "${pattern}" is no host name or "*." pattern`
    const origin = typeof target === "string" && URL.canParse(target) ? new URL(target) : undefined
    if (origin === undefined || !["http:", "https:"].includes(origin.protocol))
      return `BRIDGE_HOST_MAP: the origin of "${pattern}" must be an http or https URL`
    if (origin.pathname !== "/" || origin.search !== "" || origin.username !== "" || origin.password !== "")
      return `BRIDGE_HOST_MAP: the origin of "${pattern}" must be scheme, host and port only`
    if (origin.protocol === "http:" && !isLoopbackHost(origin.hostname))
      return `BRIDGE_HOST_MAP: the origin of "${pattern}" uses http; http is allowed on loopback only`
    entries.push({ pattern, origin })
  }
  return entries
}

/** The entry for a host: an exact name before patterns, the longest pattern first. */
export const mappedHost = (map: ReadonlyArray<MappedHost>, host: string): MappedHost | undefined =>
  map.filter((entry) => hostMatches(host, entry.pattern)).toSorted((a, b) => rank(b.pattern) - rank(a.pattern))[0]

const rank = (pattern: string): number => (pattern.startsWith("*.") ? pattern.length : 10_000)
