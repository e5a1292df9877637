// The tickets a Zendesk account held before anybody wrote to it: any number of them, made from the seed when asked for.
// Not here: the people and places they speak of (Settle.ts).
import { isoSecond } from "../Clock.ts"
import { makePlan, type Plan } from "../corpus/Plan.ts"
import { body } from "../corpus/Text.ts"
import { subjects } from "../corpus/Words.ts"
import { draw as drawOnce, hashText, places, random } from "../Random.ts"
import type { Ticket } from "./Model.ts"
import type { Past } from "./Stream.ts"

export type Settlers = {
  readonly users: Array<number>
  readonly groups: Array<number>
  readonly organizations: Array<number>
}

export type PastTickets = {
  readonly count: number
  /** Ids that `/tickets` shows. */
  readonly listed: ReadonlyArray<number>
  readonly changes: Past
  /** One event per comment. */
  readonly events: Past
  readonly ticket: (id: number) => Ticket | undefined
  readonly idOfExternalId: (externalId: string) => number | undefined
  readonly seed: number
  readonly plan: Plan
  /** Who and what the tickets refer to, once the account has them. */
  readonly settlers: Settlers
}

export const pastComments = 4
const statuses = ["closed", "closed", "closed", "closed", "closed", "solved", "open", "pending", "hold", "new"]
const archiveSeconds = 120 * 86_400

export const makePast = (
  options: { readonly tickets: number; readonly seed: string | number },
  anchor: number
): PastTickets => {
  const seed = hashText(`zendesk/${options.seed}`)
  const plan = makePlan({ seed, tickets: options.tickets, anchor: anchor - 600, failures: 0 })
  const at = plan.created
  const users: Array<number> = []
  const groups: Array<number> = []
  const organizations: Array<number> = []
  const status = (index: number): string => {
    const chance = drawOnce(seed, places.zendesk, index)
    return chance < 0.02 ? "deleted" : (statuses[Math.floor(chance * 1000) % statuses.length] as string)
  }
  const archived = (index: number): boolean =>
    status(index) === "closed" && (at[index] as number) < anchor - archiveSeconds
  const listed: Array<number> = []
  for (let i = 0; i < plan.tickets; i++) if (status(i) !== "deleted" && !archived(i)) listed.push(i + 1)
  const eventTimes = new Int32Array(plan.tickets * pastComments)
  for (let i = 0; i < eventTimes.length; i++) eventTimes[i] = at[Math.floor(i / pastComments)] as number
  const pickUser = (index: number, from: number, to: number): number =>
    users[from + Math.floor(drawOnce(seed, places.person, index) * (to - from))] as number
  const ticket = (id: number): Ticket | undefined => {
    const index = id - 1
    if (!Number.isInteger(id) || index < 0 || index >= plan.tickets) return undefined
    const draw = random(seed, places.words, index)
    const changed = at[index] as number
    const begun = changed - draw.between(60, 20 * 86_400)
    const requester = pickUser(index, plan.agents, plan.people)
    const agent = pickUser(index + 1, 0, plan.agents)
    const group = draw.chance(0.9) ? (groups[draw.below(groups.length)] as number) : null
    const comment = (k: number) => ({
      id: 350_000_000_001 + index * pastComments + k,
      author: k % 2 === 0 ? requester : agent,
      html: body(draw).html,
      text: null,
      public: k !== 3,
      createdAt: isoSecond(begun + Math.floor(((changed - begun) * k) / pastComments)),
      uploads: [],
      attachments: []
    })
    return {
      id,
      externalId: `src-${id}`,
      subject: draw.pick(subjects),
      type: draw.pick(["incident", "question", "problem", "task", null]),
      status: status(index),
      priority: draw.pick(["low", "normal", "high", "urgent", null]),
      requester,
      submitter: requester,
      assignee: draw.chance(0.8) ? agent : null,
      group,
      organization:
        organizations.length > 0 && draw.chance(0.5)
          ? (organizations[draw.below(organizations.length)] as number)
          : null,
      problem: null,
      dueAt: null,
      solvedAt: null,
      tags: draw.chance(0.5) ? [draw.pick(["vip", "vpn", "printer", "größe"])] : [],
      custom: {},
      createdAt: isoSecond(begun),
      updatedAt: isoSecond(draw.chance(0.1) ? begun + 1 : changed),
      generated: changed,
      archived: archived(index),
      comments: Array.from({ length: pastComments }, (_, k) => comment(k)),
      writtenAt: 0
    }
  }
  return {
    count: plan.tickets,
    listed,
    changes: { at },
    events: { at: eventTimes },
    ticket,
    idOfExternalId: (externalId) => {
      const id = /^src-(\d+)$/.exec(externalId)?.[1]
      return id !== undefined && Number(id) >= 1 && Number(id) <= plan.tickets ? Number(id) : undefined
    },
    seed,
    plan,
    settlers: { users, groups, organizations }
  }
}
