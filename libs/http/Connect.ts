// How a socket to a vendor is opened: https to a public address, checked on the address that is really dialled, so that a
// name that resolves anew cannot lead inside (DNS rebinding). The host map alone leads elsewhere. For the wire.
import dns from "node:dns"
import { isIP, type LookupFunction } from "node:net"
import { buildConnector } from "undici"
import { isPrivateAddress, type MappedHost, mappedHost } from "./Addresses.ts"

/** The address may not be dialled. */
export class AddressRefused extends Error {}

/** undici's connector with the checks; `Host` and everything above it keep the vendor's name. */
export const guardedConnector = (map: ReadonlyArray<MappedHost>): buildConnector.connector => {
  const direct = buildConnector({ allowH2: false, timeout: 10_000, lookup: publicLookup })
  const mapped = buildConnector({ allowH2: false, timeout: 10_000 })
  return (options, callback) => {
    const entry = mappedHost(map, options.hostname)
    if (entry !== undefined) return mapped(toOrigin(options, entry.origin), callback)
    const host = options.hostname.replaceAll(/^\[|\]$/g, "")
    if (options.protocol !== "https:")
      return callback(new AddressRefused(`${host} may be called over https only`), null)
    if (isIP(host) !== 0 && isPrivateAddress(host)) return callback(refusal(host, host), null)
    direct(options, callback)
  }
}

const toOrigin = (options: buildConnector.Options, origin: URL): buildConnector.Options => {
  const { servername: _vendorName, ...rest } = options
  const hostname = origin.hostname.replaceAll(/^\[|\]$/g, "")
  const port = origin.port === "" ? (origin.protocol === "https:" ? "443" : "80") : origin.port
  return {
    ...rest,
    protocol: origin.protocol,
    hostname,
    host: origin.host,
    port,
    ...(isIP(hostname) === 0 && { servername: hostname })
  }
}

const refusal = (host: string, address: string) =>
  new AddressRefused(`${host} resolves to ${address}, which is not a public address (BRIDGE_HOST_MAP opens others)`)

/** Resolves and drops every name that has a private address among its own: a mixed answer is an attack or a mistake. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const inside = addresses?.find(({ address }) => isPrivateAddress(address))
    const first = addresses?.[0]
    if (error !== null) callback(error, "", 0)
    else if (inside !== undefined) callback(refusal(hostname, inside.address), "", 0)
    else if (first === undefined) callback(new AddressRefused(`${hostname} has no address`), "", 0)
    else if (options.all === true) callback(null, addresses)
    else callback(null, first.address, first.family)
  })
}
