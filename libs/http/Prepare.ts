// From a call to the request that leaves: address checked, headers in place. Credentials go to the connection's own host
// only. Pure. Promise 6.
import { hostMatches } from "./Addresses.ts"
import type { Answer, Call, Connection } from "./Call.ts"
import { mediaType } from "./MediaType.ts"
import type { WireRequest } from "./Wire.ts"

/** The request of a call, or a sentence why its address may not be called. */
export const requestOf = (connection: Connection, call: Call, deadline: number): WireRequest | string => {
  const { connector, config } = connection
  const host = connector.host(config).toLowerCase()
  if (!hostMatches(host, connector.hostPattern))
    return `${host} is not a host of ${connector.vendor} (${connector.hostPattern})`
  const url = addressOf(host, call)
  if (typeof url === "string") return url
  const own = url.hostname === host
  if (!own && call.file !== true && !hostMatches(url.hostname, connector.hostPattern))
    return `${url.hostname} is not a host of ${connector.vendor} (${connector.hostPattern})`
  const body = call.body === undefined ? call.bytes : JSON.stringify(call.body)
  return {
    method: call.method,
    url,
    deadline,
    headers: {
      accept: call.file === true ? "*/*" : "application/json",
      "user-agent": "bridge/1",
      ...(call.body !== undefined && { "content-type": "application/json" }),
      ...(call.bytes !== undefined && { "content-type": mediaType(call.bytesType) }),
      ...call.headers,
      ...(own && connector.authorise(config))
    },
    ...(body !== undefined && { body })
  }
}

const addressOf = (host: string, call: Call): URL | string => {
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(call.path)
  if (!absolute && (!call.path.startsWith("/") || call.path.startsWith("//")))
    return `"${call.path}" is no absolute path`
  const text = absolute ? call.path : `https://${host}${call.path}`
  if (!URL.canParse(text)) return `"${call.path}" is no address`
  const url = new URL(text)
  if (url.protocol !== "https:") return `${url.hostname} may be called over https only`
  if (url.username !== "" || url.password !== "") return "an address must not carry credentials"
  if (url.port !== "" && url.port !== "443") return `${url.host}: only the port of https may be called`
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, String(value))
  url.hash = ""
  return url
}

/**
 * Where a redirect of a read leads on the connection's own host, or for a file on any: credentials stay on the own one.
 * Undefined when it must not be followed.
 */
export const redirectOf = (connection: Connection, call: Call, answer: Answer): string | undefined => {
  const location = answer.headers.location
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined || call.method !== "GET")
    return undefined
  const host = connection.connector.host(connection.config).toLowerCase()
  const target = URL.canParse(location, `https://${host}${new URL(call.path, `https://${host}`).pathname}`)
    ? new URL(location, `https://${host}${new URL(call.path, `https://${host}`).pathname}`)
    : undefined
  const allowed = target?.protocol === "https:" && (call.file === true || target.hostname === host)
  return allowed ? target?.href : undefined
}
