// The sandbox as other code starts it: options in, addresses, host map and credentials out, one `stop`.
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import type { FreshserviceOptions } from "./freshservice/Account.ts"
import { makeServer } from "./Server.ts"
import { makeSpool } from "./Spool.ts"
import { freshserviceDefaults, makeWorld, type World, zendeskDefaults } from "./World.ts"
import type { ZendeskOptions } from "./zendesk/Account.ts"

export type SandboxOptions = {
  /** 0 or absent: any free port, on loopback. */
  readonly port?: number
  readonly seed?: string | number
  /** Tickets of the Freshservice account. */
  readonly tickets?: number
  /** How many of them the destination refuses; absent: one per 400, at least one from 10 tickets on. */
  readonly failures?: number
  /** What the Freshservice account has beside; absent: in scale with the tickets. */
  readonly attachments?: number
  readonly assets?: number
  readonly problems?: number
  readonly changes?: number
  /** false: no attachments, assets, problems, changes or requested items. */
  readonly growth?: boolean
  /** Tickets the Zendesk account holds at the start. */
  readonly zendeskTickets?: number
  /** A vendor's minute lasts 60 / factor seconds. */
  readonly timeFactor?: number
  /** Every limit of both vendors is that much larger. */
  readonly limitFactor?: number
  /** Limits count real minutes, whatever the time factor. */
  readonly realLimits?: boolean
  /** false: nothing is ever limited. */
  readonly limits?: boolean
  /** ISO time that the corpus takes for now; absent: the start. With it, the same seed gives the same bytes. */
  readonly anchor?: string
  /** Real unix milliseconds, for tests. */
  readonly now?: () => number
  /** Keep every call, not only counts. */
  readonly logCalls?: boolean
  readonly freshservice?: Partial<FreshserviceOptions>
  readonly zendesk?: Partial<ZendeskOptions>
  /** Accounts beside the first of each vendor. */
  readonly accounts?: {
    readonly freshservice?: ReadonlyArray<Partial<FreshserviceOptions> & { readonly domain: string }>
    readonly zendesk?: ReadonlyArray<Partial<ZendeskOptions> & { readonly subdomain: string }>
  }
}

export type Sandbox = {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  /** `${origin}/_admin` */
  readonly adminUrl: string
  readonly hosts: { readonly freshservice: string; readonly zendesk: string }
  /** For BRIDGE_HOST_MAP. */
  readonly hostMap: Record<string, string>
  readonly credentials: {
    readonly freshservice: { readonly domain: string; readonly api_key: string }
    readonly zendesk: {
      readonly subdomain: string
      readonly email: string
      readonly api_token: string
      readonly oauth_token: string
    }
  }
  /** The same as the admin address tells, for code in the same process. */
  readonly world: World
  readonly stop: () => Promise<void>
}

export const startSandbox = async (options: SandboxOptions): Promise<Sandbox> => {
  const now = options.now ?? Date.now
  const world = makeWorld({
    now,
    timeFactor: options.timeFactor ?? 1,
    anchor: Math.floor((options.anchor === undefined ? now() : Date.parse(options.anchor)) / 1000),
    logCalls: options.logCalls ?? false,
    accounts: accountsOf(options)
  })
  const spool = makeSpool()
  const server = makeServer(world, spool)
  server.listen(options.port ?? 0, "127.0.0.1")
  await once(server, "listening")
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [freshservice] = world.freshservice.values()
  const [zendesk] = world.zendesk.values()
  if (freshservice === undefined || zendesk === undefined) throw new Error("the sandbox has an account of each vendor")
  const token = zendesk.options.tokens[0] ?? { email: "", apiToken: "" }
  return {
    origin,
    adminUrl: `${origin}/_admin`,
    hosts: { freshservice: freshservice.host, zendesk: zendesk.host },
    hostMap: { "*.freshservice.com": origin, "*.zendesk.com": origin, "*.zdusercontent.com": origin },
    credentials: {
      freshservice: { domain: freshservice.host, api_key: freshservice.options.apiKey },
      zendesk: {
        subdomain: zendesk.options.subdomain,
        email: token.email,
        api_token: token.apiToken,
        oauth_token: zendesk.options.oauth[0]?.token ?? ""
      }
    },
    world,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
      spool.close()
    }
  }
}

const accountsOf = (options: SandboxOptions) => {
  const limits = options.limits ?? true
  const seed = options.seed ?? 1
  const freshservice: FreshserviceOptions = {
    ...freshserviceDefaults,
    limits,
    seed,
    ...(options.limitFactor !== undefined && { limitFactor: options.limitFactor }),
    ...(options.realLimits !== undefined && { realLimits: options.realLimits }),
    ...(options.tickets !== undefined && { tickets: options.tickets }),
    ...(options.failures !== undefined && { failures: options.failures }),
    ...(options.attachments !== undefined && { attachments: options.attachments }),
    ...(options.assets !== undefined && { assets: options.assets }),
    ...(options.problems !== undefined && { problems: options.problems }),
    ...(options.changes !== undefined && { changes: options.changes }),
    ...(options.growth !== undefined && { growth: options.growth }),
    ...options.freshservice
  }
  const zendesk: ZendeskOptions = {
    ...zendeskDefaults,
    limits,
    seed,
    ...(options.limitFactor !== undefined && { limitFactor: options.limitFactor }),
    ...(options.realLimits !== undefined && { realLimits: options.realLimits }),
    ...(options.zendeskTickets !== undefined && { tickets: options.zendeskTickets }),
    ...options.zendesk
  }
  return {
    freshservice: [
      freshservice,
      ...(options.accounts?.freshservice ?? []).map((given) => ({ ...freshservice, ...given }))
    ],
    zendesk: [zendesk, ...(options.accounts?.zendesk ?? []).map((given) => ({ ...zendesk, ...given }))]
  }
}
