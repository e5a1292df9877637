// How many of everything, and when each ticket was made and last touched: the skeleton that every row hangs on.
// Numbers only, in typed arrays, so that a list of 200,000 tickets is sorted without making a single row.
import { draw, places, random } from "../Random.ts"

export const normal = 0
export const deleted = 1
export const spam = 2

export type Plan = {
  readonly tickets: number
  readonly people: number
  /** The first `agents` people are agents, the others requesters. */
  readonly agents: number
  readonly groups: number
  readonly departments: number
  readonly conversations: number
  /** Unix seconds, never falling with the index. */
  readonly created: Int32Array
  readonly updated: Int32Array
  /** normal, deleted or spam. */
  readonly category: Uint8Array
  /** Conversations before ticket i; one longer than `tickets`. */
  readonly firstConversation: Int32Array
  /** Tickets the destination will refuse, ascending. */
  readonly refused: ReadonlyArray<number>
}

export type Sizes = {
  readonly seed: number
  readonly tickets: number
  /** The newest moment any row may bear, unix seconds. */
  readonly anchor: number
  /** How many tickets fail on purpose; absent means one per 400, at least one. */
  readonly failures?: number
}

const day = 86_400
/** Share of tickets older than the 30 days that an unasked list shows. */
const oldShare = 0.93
const years = 4

export const makePlan = ({ seed, tickets, anchor, failures }: Sizes): Plan => {
  const people = tickets === 0 ? 0 : Math.max(2, Math.floor(tickets / 4))
  const agents = Math.min(500, Math.max(1, Math.floor(people / 10)), people)
  const category = categories(seed, tickets)
  const created = creations(seed, tickets, anchor)
  return {
    tickets,
    people,
    agents,
    groups: people === 0 ? 0 : Math.min(40, 3 + Math.floor(agents / 3)),
    departments: people === 0 ? 0 : Math.min(60, Math.max(2, Math.floor(people / 10))),
    conversations: tickets * 3,
    created,
    updated: updates(seed, tickets, anchor, created),
    category,
    firstConversation: conversationStarts(seed, tickets),
    refused: refusals(
      seed,
      tickets,
      category,
      failures ?? (tickets < 10 ? 0 : Math.min(20, Math.max(1, Math.round(tickets / 400))))
    )
  }
}

const categories = (seed: number, tickets: number): Uint8Array => {
  const category = new Uint8Array(tickets)
  for (let i = 0; i < tickets; i++) {
    const chance = draw(seed, places.category, i)
    if (chance < 0.02) category[i] = deleted
    else if (chance < 0.03) category[i] = spam
  }
  // Small corpora have one of each all the same.
  if (tickets >= 20) {
    category[4] = deleted
    category[9] = spam
  }
  return category
}

/** Four years of tickets, the last ones minutes old; some came in by the handful within one second. */
const creations = (seed: number, tickets: number, anchor: number): Int32Array => {
  const created = new Int32Array(tickets)
  const start = anchor - years * 365 * day
  const recent = anchor - 30 * day
  const newest = Math.min(5, Math.ceil(tickets * 0.02))
  for (let i = 0; i < tickets; i++) {
    const fraction = (i + draw(seed, places.created, i)) / tickets
    if (i >= tickets - newest) created[i] = anchor - (tickets - i) * 90 + Math.floor(draw(seed, places.created, i) * 60)
    else if (i % 50 > 10 && i % 50 < 15) created[i] = created[i - 1] as number
    else if (fraction < oldShare) created[i] = start + Math.floor((fraction / oldShare) * (recent - day - start))
    else created[i] = recent + Math.floor(((fraction - oldShare) / (1 - oldShare)) * (30 * day - 900))
  }
  for (let i = 1; i < tickets; i++) created[i] = Math.max(created[i] as number, created[i - 1] as number)
  return created
}

/** Mostly days after the creation; one automation touched up to 250 tickets in the same second. */
const updates = (seed: number, tickets: number, anchor: number, created: Int32Array): Int32Array => {
  const updated = new Int32Array(tickets)
  for (let i = 0; i < tickets; i++) {
    const at = created[i] as number
    const chance = draw(seed, places.updated, i)
    const wait = chance < 0.05 ? 0 : Math.floor((chance ** 4 * 90 + chance * 3) * day)
    updated[i] = Math.min(anchor - 1, at + wait)
    if ((updated[i] as number) < at) updated[i] = at
  }
  const swept = Math.min(250, Math.floor(tickets / 8))
  const from = Math.floor(tickets * 0.3)
  if (tickets >= 40) {
    const second = Math.min(anchor - 1, (created[from + swept - 1] as number) + 100 * day)
    for (let i = from; i < from + swept; i++) updated[i] = second
  }
  return updated
}

const block = 64
/** 48 for 16 tickets, so four times this is 192 for 64: three each, never evenly. */
const shares = [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 7, 10]

/** Exactly three per ticket in total. One block in sixteen has a ticket with 130 of them. */
const conversationStarts = (seed: number, tickets: number): Int32Array => {
  const starts = new Int32Array(tickets + 1)
  for (let from = 0, index = 0; from < tickets; from += block, index++) {
    const length = Math.min(block, tickets - from)
    const counts = length < block ? new Array<number>(length).fill(3) : blockCounts(seed, index)
    for (let k = 0; k < length; k++) starts[from + k + 1] = (starts[from + k] as number) + (counts[k] as number)
  }
  return starts
}

const blockCounts = (seed: number, index: number): Array<number> => {
  const counts =
    index % 16 === 1
      ? [130, ...new Array<number>(31).fill(2), ...new Array<number>(32).fill(0)]
      : [...shares, ...shares, ...shares, ...shares]
  const { below } = random(seed, places.shuffle, index)
  for (let k = counts.length - 1; k > 0; k--) {
    const other = below(k + 1)
    const kept = counts[k] as number
    counts[k] = counts[other] as number
    counts[other] = kept
  }
  return counts
}

/** Seeded, spread out, and only tickets that a migration would load. */
const refusals = (seed: number, tickets: number, category: Uint8Array, wanted: number): ReadonlyArray<number> => {
  const chosen = new Set<number>()
  const { below } = random(seed, places.shuffle, 0x7fffffff)
  for (let tries = 0; chosen.size < wanted && tries < wanted * 50; tries++) {
    const i = below(tickets)
    if (category[i] === normal) chosen.add(i)
  }
  return [...chosen].sort((a, b) => a - b)
}
