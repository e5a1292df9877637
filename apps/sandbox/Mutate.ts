// Orders that change the source while somebody reads it: now, or before every n-th list of tickets.
import { nowSecond } from "./Clock.ts"
import { normal } from "./corpus/Plan.ts"
import type { FreshserviceAccount } from "./freshservice/Account.ts"
import { hashText, type Random, random } from "./Random.ts"

export type MutateOrder = {
  /** How many tickets to add, change (with one new conversation each), delete softly. */
  readonly insert: number
  readonly update: number
  readonly delete: number
  /** Ids to change instead of chosen ones. */
  readonly ids: ReadonlyArray<number>
  /** Fields to set on the changed tickets. */
  readonly changes: Record<string, unknown>
  /** Conversations added to each changed ticket. */
  readonly conversations: number
  /** Before every n-th list of tickets; 0 means once, at once. */
  readonly everyLists: number
  readonly times: number
  readonly seed: number
}

export const mutateDefaults: MutateOrder = {
  insert: 0,
  update: 0,
  delete: 0,
  ids: [],
  changes: {},
  conversations: 1,
  everyLists: 0,
  times: 1,
  seed: 1
}

/** A message when the order makes no sense. */
export const mutateProblem = (order: Record<string, unknown>): string | null => {
  for (const [key, value] of Object.entries(order)) {
    if (key === "account") continue
    if (!(key in mutateDefaults)) return `${key} is not part of an order`
    const wanted = mutateDefaults[key as keyof MutateOrder]
    if (typeof value !== typeof wanted || Array.isArray(value) !== Array.isArray(wanted))
      return `${key} has the wrong type`
  }
  return null
}

export type Changed = {
  readonly inserted: ReadonlyArray<number>
  readonly updated: ReadonlyArray<number>
  readonly deleted: ReadonlyArray<number>
}

/** Changes at once and says which ids; with `everyLists` it stands by and changes later. */
export const mutate = (account: FreshserviceAccount, order: MutateOrder): Changed => {
  if (order.everyLists <= 0) return change(account, order, random(order.seed, hashText("mutate"), 0))
  let lists = 0
  let left = order.times
  account.beforeList = () => {
    lists++
    if (left <= 0 || lists % order.everyLists !== 0) return
    change(account, order, random(order.seed, hashText("mutate"), left))
    left--
  }
  return { inserted: [], updated: [], deleted: [] }
}

const change = (account: FreshserviceAccount, order: MutateOrder, draw: Random): Changed => {
  const { corpus, clock } = account
  const now = nowSecond(clock)
  const pick = (): number => {
    for (let tries = 0; tries < 100; tries++) {
      const index = draw.below(corpus.ticketCount())
      if (corpus.category(index) === normal) return index
    }
    return -1
  }
  const chosen = order.ids.length > 0 ? order.ids.map(corpus.ticketIndex) : Array.from({ length: order.update }, pick)
  const updated = chosen.filter((index) => index >= 0)
  for (const index of updated) corpus.updateTicket(index, now, order.changes, order.conversations)
  const deleted = Array.from({ length: order.delete }, pick).filter((index) => index >= 0)
  for (const index of deleted) corpus.deleteTicket(index, now, true)
  const inserted = Array.from({ length: order.insert }, () => corpus.insertTicket(now))
  const id = (index: number): number => corpus.facts(index).id
  return { inserted: inserted.map(id), updated: updated.map(id), deleted: deleted.map(id) }
}
