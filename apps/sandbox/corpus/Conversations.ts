// The conversations of one ticket: replies and notes by requesters, agents and people who are gone,
// ascending in time, several within one second.
import { isoSecond } from "../Clock.ts"
import { places, random } from "../Random.ts"
import type { File } from "./Attachments.ts"
import { type FileLinks, fileRows, withPictures } from "./FileRows.ts"
import { conversationNumbers, ghostId, personNumbers, ticketId } from "./Ids.ts"
import type { Row } from "./People.ts"
import type { Plan } from "./Plan.ts"
import { body, says } from "./Text.ts"
import type { TicketFacts, Tickets, Times } from "./Tickets.ts"

type Sources = {
  readonly seed: number
  readonly plan: Plan
  readonly tickets: Tickets
  readonly times: Times
  readonly firstConversation: (index: number) => number
  readonly files: (index: number, place: number) => ReadonlyArray<File>
  readonly links: FileLinks
}

export const makeConversations = (sources: Sources): ((index: number) => ReadonlyArray<Row>) => {
  const { times, firstConversation } = sources
  return (index) => {
    const count = times.conversations(index)
    const created = times.created(index)
    const span = times.updated(index) - created
    const facts = sources.tickets.facts(index)
    let previous = created
    return Array.from({ length: count }, (_, k) => {
      const at = k % 5 === 4 ? previous : created + Math.floor((span * (k + 1)) / (count + 1))
      previous = at
      const row = conversation(sources, facts, times.updated(index), k === count - 1, firstConversation(index) + k, at)
      const files = sources.files(index, k)
      if (files.length === 0) return row
      const body = withPictures(sources.links, String(row.body), files)
      return { ...row, body, attachments: fileRows(sources.links, files, at) }
    })
  }
}

const conversation = (
  { seed, plan }: Sources,
  facts: TicketFacts,
  latest: number,
  last: boolean,
  serial: number,
  at: number
): Row => {
  const draw = random(seed, places.conversation, serial)
  const merged = last && facts.mergedInto !== null
  const incoming = !merged && draw.chance(0.45)
  const isPrivate = merged || (!incoming && draw.chance(0.4))
  const requester = draw.chance(0.9) ? facts.requester : draw.below(plan.people)
  const agent = facts.responder !== null && draw.chance(0.7) ? facts.responder : draw.below(plan.agents)
  const author = draw.chance(0.015) ? ghostId(serial % 50) : personNumbers.id(incoming ? requester : agent)
  const long = serial % 1501 === 5 ? 66_000 + (serial & 0xfff) : 0
  const words = merged
    ? says(`This ticket is closed and merged into ticket ${ticketId(facts.mergedInto as number)}`)
    : draw.chance(0.01)
      ? { html: "", text: "" }
      : body(draw, long)
  const edited = draw.chance(0.05) ? Math.min(latest, at + 300) : at
  return {
    id: conversationNumbers.id(serial),
    user_id: author,
    to_emails: !isPrivate && !incoming ? ["someone@acme.example"] : null,
    body: words.html,
    body_text: words.text,
    ticket_id: facts.id,
    created_at: isoSecond(at),
    updated_at: isoSecond(Math.max(at, edited)),
    incoming,
    private: isPrivate,
    support_email: null,
    source: isPrivate || draw.chance(0.3) ? 2 : 0,
    from_email: incoming ? "sender@acme.example" : null,
    cc_emails: [],
    bcc_emails: null,
    attachments: []
  }
}
