// What tickets hang on: the problem they are incidents of, the change that came of them, their assets, parents and
// children, and what a service request asks for.
import { isoSecond } from "../Clock.ts"
import { draw as drawOnce, places, random } from "../Random.ts"
import type { Growth } from "./Growth.ts"
import { requestedItemNumbers } from "./Ids.ts"
import type { Row } from "./People.ts"
import { requestItems } from "./Words.ts"

export type TicketLinks = {
  /** Indexes. */
  readonly problem: number | null
  readonly change: number | null
  readonly assets: ReadonlyArray<number>
  readonly parent: number | null
  readonly children: ReadonlyArray<number>
}

export type Links = {
  readonly of: (ticket: number) => TicketLinks
  readonly ofAsset: (asset: number) => ReadonlyArray<number>
}

type Sources = {
  readonly seed: number
  /** Tickets of the plan; those that come later have no links. */
  readonly tickets: number
  readonly growth: Growth
  readonly serviceRequest: (ticket: number) => boolean
}

const none: TicketLinks = { problem: null, change: null, assets: [], parent: null, children: [] }

export const makeLinks = (sources: Sources): Links => {
  const { seed, tickets, growth, serviceRequest } = sources
  const linked = growth.problems + growth.changes + growth.assets > 0
  const of = (ticket: number): TicketLinks => {
    if (!linked || ticket >= tickets) return none
    const draw = random(seed, places.link, ticket)
    const incident = !serviceRequest(ticket)
    return {
      problem: growth.problems > 0 && incident && draw.chance(0.08) ? draw.below(growth.problems) : null,
      change: growth.changes > 0 && draw.chance(0.03) ? draw.below(growth.changes) : null,
      assets:
        growth.assets > 0 && draw.chance(0.2)
          ? [...new Set(Array.from({ length: draw.between(1, 3) }, () => draw.below(growth.assets)))]
          : [],
      parent: isChild(seed, ticket) ? parentOf(ticket) : null,
      children: isChild(seed, ticket)
        ? []
        : [1, 2, 3].map((step) => ticket + step).filter((child) => child < tickets && childOf(seed, child, ticket))
    }
  }
  let users: Map<number, Array<number>> | null = null
  return {
    of,
    ofAsset: (asset) => {
      if (users === null) {
        users = new Map()
        for (let ticket = 0; ticket < tickets; ticket++)
          for (const index of of(ticket).assets) users.set(index, [...(users.get(index) ?? []), ticket])
      }
      return users.get(asset) ?? []
    }
  }
}

/** Every twentieth ticket may be the parent of the three that follow. */
const parentOf = (ticket: number): number => ticket - (ticket % 20)
const isChild = (seed: number, ticket: number): boolean =>
  ticket % 20 >= 1 && ticket % 20 <= 3 && drawOnce(seed, places.link, ticket + 0x4000_0000) < 0.25
const childOf = (seed: number, child: number, ticket: number): boolean =>
  isChild(seed, child) && parentOf(child) === ticket

/** What a service request asks for: one item, now and then more; the first of several is their parent. */
export const requestedItems = (seed: number, ticket: number, created: number): ReadonlyArray<Row> => {
  const draw = random(seed, places.item, ticket)
  const count = draw.chance(0.25) ? draw.between(2, 4) : 1
  const at = isoSecond(created)
  return Array.from({ length: count }, (_, k) => {
    const item = draw.below(requestItems.length)
    return {
      id: requestedItemNumbers.id(ticket * 4 + k),
      service_item_id: 21_000_960_001 + item,
      service_item_name: requestItems[item],
      quantity: draw.pick([1, 1, 1, 2, 25]),
      stage: draw.between(1, 4),
      loaned: draw.chance(0.1),
      cost_per_request: draw.pick([0, 0, 49.9, 2499]),
      remarks: draw.chance(0.3) ? 'For "new" colleague & team' : null,
      delivery_time: null,
      is_parent: k === 0,
      custom_fields: {
        size: draw.chance(0.4) ? draw.pick(["S", "M", "Größe XL"]) : null,
        until: draw.chance(0.2) ? isoSecond(created + 30 * 86_400).slice(0, 10) : null
      },
      created_at: at,
      updated_at: at
    }
  })
}
