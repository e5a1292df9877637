// Everything the sandbox stands for: the accounts of both vendors by host name, the ledger, the fault orders.
// `reset` makes it anew from the same options.
import { type Clock, makeClock } from "./Clock.ts"
import { refusedText } from "./corpus/Tickets.ts"
import { type Faults, makeFaults } from "./Faults.ts"
import {
  type FreshserviceAccount,
  type FreshserviceOptions,
  freshserviceHost,
  makeFreshserviceAccount
} from "./freshservice/Account.ts"
import { type Ledger, makeLedger } from "./Ledger.ts"
import { makeZendeskAccount, type ZendeskAccount, type ZendeskOptions } from "./zendesk/Account.ts"
import { settle } from "./zendesk/Settle.ts"

export type AccountsOptions = {
  readonly freshservice: ReadonlyArray<FreshserviceOptions>
  readonly zendesk: ReadonlyArray<ZendeskOptions>
}

export type World = {
  readonly clock: Clock
  readonly ledger: Ledger
  readonly faults: Faults
  /** Unix seconds: "now" for the rows of the corpus. */
  readonly anchor: number
  /** By full host name. */
  readonly freshservice: Map<string, FreshserviceAccount>
  readonly zendesk: Map<string, ZendeskAccount>
  readonly addFreshservice: (options: FreshserviceOptions) => FreshserviceAccount
  readonly addZendesk: (options: ZendeskOptions) => ZendeskAccount
  readonly reset: () => void
}

export type WorldOptions = {
  readonly now: () => number
  readonly timeFactor: number
  readonly anchor: number
  readonly logCalls: boolean
  readonly accounts: AccountsOptions
}

export const makeWorld = (options: WorldOptions): World => {
  const clock = makeClock(options.now, options.timeFactor)
  const ledger = makeLedger(options.now, options.logCalls)
  const faults = makeFaults(options.now)
  const freshservice = new Map<string, FreshserviceAccount>()
  const zendesk = new Map<string, ZendeskAccount>()
  const addFreshservice = (given: FreshserviceOptions): FreshserviceAccount => {
    const account = makeFreshserviceAccount(given, clock, options.anchor)
    freshservice.set(account.host, account)
    return account
  }
  const addZendesk = (given: ZendeskOptions): ZendeskAccount => {
    const account = makeZendeskAccount(given, clock, ledger, options.anchor)
    settle(account, options.anchor)
    zendesk.set(account.host, account)
    return account
  }
  const populate = (): void => {
    for (const given of options.accounts.freshservice) addFreshservice(given)
    for (const given of options.accounts.zendesk) addZendesk(given)
  }
  populate()
  return {
    clock,
    ledger,
    faults,
    anchor: options.anchor,
    freshservice,
    zendesk,
    addFreshservice,
    addZendesk,
    reset: () => {
      freshservice.clear()
      zendesk.clear()
      ledger.reset()
      faults.clear()
      populate()
    }
  }
}

export const freshserviceDefaults: FreshserviceOptions = {
  domain: "acme",
  apiKey: "fs-sandbox-key",
  restrictedKey: "fs-sandbox-restricted",
  seed: 1,
  tickets: 200,
  plan: "enterprise",
  workspaces: 1,
  limits: true
}

export const zendeskDefaults: ZendeskOptions = {
  subdomain: "acme",
  tokens: [
    { email: "owner@acme.example", apiToken: "zd-sandbox-token", role: "admin" },
    { email: "agent@acme.example", apiToken: "zd-sandbox-agent", role: "agent" }
  ],
  oauth: [
    { token: "zd-sandbox-oauth", scopes: ["read", "write"], role: "admin" },
    { token: "zd-sandbox-read", scopes: ["read"], role: "admin" }
  ],
  plan: "enterprise",
  limits: true,
  seats: null,
  bulkUsers: true,
  refusals: [
    {
      field: "subject",
      pattern: refusedText.replaceAll(/[{}.]/g, "\\$&"),
      description: "Subject: contains a placeholder that is not allowed"
    }
  ],
  searchLagMillis: 120_000,
  exportLagMillis: 60_000,
  exportRepeats: false,
  uploadBytes: 52_428_800,
  uploadLifeMillis: 3_600_000,
  lostUploads: "refuse",
  privateAttachments: false,
  job: { queuedMillis: 2000, perRowMillis: 50, limit: 30 },
  tickets: 0,
  seed: 1
}

/** The account a name means: a first label, a host, or the first one when absent. */
export const chosen = <A>(
  accounts: ReadonlyMap<string, A>,
  name: string | null,
  host: (name: string) => string
): A | undefined => (name === null ? accounts.values().next().value : accounts.get(host(name)))

export const freshserviceNamed = (world: World, name: string | null): FreshserviceAccount | undefined =>
  chosen(world.freshservice, name, freshserviceHost)

export const zendeskNamed = (world: World, name: string | null): ZendeskAccount | undefined =>
  chosen(world.zendesk, name, (label) => (label.includes(".") ? label : `${label}.zendesk.com`))
