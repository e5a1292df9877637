// One Freshservice account: its corpus, keys, plan and counters, and rows kept as bytes.
import type { Clock } from "../Clock.ts"
import { type Corpus, makeCorpus } from "../corpus/Corpus.ts"
import type { FileLinks } from "../corpus/FileRows.ts"
import type { GrowthOptions } from "../corpus/Growth.ts"
import { type Limits, makeLimits } from "../Limits.ts"
import { makeRowCache } from "../RowCache.ts"
import { makeFileLinks } from "./FileLinks.ts"
import type { FreshservicePlan } from "./Plans.ts"

export type FreshserviceOptions = {
  /** First label or full host. */
  readonly domain: string
  readonly apiKey: string
  /** A second key whose owner may read tickets only, for 403. */
  readonly restrictedKey?: string
  readonly seed: string | number
  readonly tickets: number
  readonly plan: FreshservicePlan
  readonly workspaces: number
  readonly limits: boolean
  readonly failures?: number
  /** Every limit is that much larger; absent: as the plan has it. */
  readonly limitFactor?: number
  /** Limits count real minutes, whatever the time factor. */
  readonly realLimits?: boolean
  /** Vendor milliseconds until the address of a file dies; a quarter of an hour when absent. */
  readonly attachmentLifeMillis?: number
} & GrowthOptions

export type FreshserviceAccount = {
  readonly options: FreshserviceOptions
  /** `acme.freshservice.com` */
  readonly host: string
  readonly clock: Clock
  readonly corpus: Corpus
  readonly limits: Limits
  readonly links: FileLinks
  /** How often each file was asked for, by its place. */
  readonly downloads: Map<number, number>
  readonly ticketBytes: (index: number) => Buffer
  /** Indexes of the people with this address, whatever its case. */
  readonly byEmail: (email: string) => ReadonlyArray<number>
  /** Called before every list of tickets; a standing order may change rows under the reader's hands. */
  beforeList: (() => void) | null
}

export const freshserviceHost = (domain: string): string =>
  domain.includes(".") ? domain.toLowerCase() : `${domain.toLowerCase()}.freshservice.com`

/** Rows kept per account. */
const keptBytes = 96_000_000

export const makeFreshserviceAccount = (
  options: FreshserviceOptions,
  clock: Clock,
  anchor: number
): FreshserviceAccount => {
  const host = freshserviceHost(options.domain)
  const { seed, tickets, workspaces, failures } = options
  const links = makeFileLinks(host, clock, options.attachmentLifeMillis ?? 900_000)
  const corpus = makeCorpus({
    seed,
    tickets,
    anchor,
    domain: host,
    workspaces,
    growth: options,
    links,
    ...(failures !== undefined && { failures })
  })
  return {
    options,
    host,
    clock,
    corpus,
    limits: makeLimits(clock, options.limitFactor, options.realLimits),
    links,
    downloads: new Map(),
    ticketBytes: keepBytes(corpus),
    byEmail: addresses(corpus),
    beforeList: null
  }
}

const keepBytes = (corpus: Corpus): ((index: number) => Buffer) => {
  const cache = makeRowCache(keptBytes)
  let version = corpus.version()
  return (index) => {
    if (version !== corpus.version()) {
      cache.clear()
      version = corpus.version()
    }
    return cache.get(index, () => JSON.stringify(corpus.listRow(index)))
  }
}

const addresses = (corpus: Corpus): ((email: string) => ReadonlyArray<number>) => {
  let known: Map<string, Array<number>> | null = null
  return (email) => {
    if (known === null) {
      known = new Map()
      for (let i = 0; i < corpus.plan.people; i++) {
        const address = corpus.person(i).email?.toLowerCase()
        if (address === undefined) continue
        const people = known.get(address)
        if (people === undefined) known.set(address, [i])
        else people.push(i)
      }
    }
    return known.get(email.toLowerCase()) ?? []
  }
}
