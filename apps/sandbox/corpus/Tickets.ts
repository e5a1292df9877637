// One ticket: first its facts (numbers and choices, cheap), then its rows as a list and as a detail show it.
import { isoSecond } from "../Clock.ts"
import { draw as drawOnce, places, random } from "../Random.ts"
import type { File } from "./Attachments.ts"
import { customValues, sourceCodes } from "./Fields.ts"
import { type FileLinks, fileRows, withPictures } from "./FileRows.ts"
import { departmentNumbers, groupNumbers, personNumbers, ticketId } from "./Ids.ts"
import type { People, Row } from "./People.ts"
import type { Team } from "./Places.ts"
import type { Plan } from "./Plan.ts"
import { deleted, spam } from "./Plan.ts"
import { body } from "./Text.ts"
import { categories, requestItems, subjects, tagWords } from "./Words.ts"

export type TicketFacts = {
  readonly id: number
  readonly workspace: number
  readonly serviceRequest: boolean
  readonly status: number
  readonly priority: number
  readonly urgency: number
  readonly impact: number
  readonly source: number
  /** Indexes, not ids. */
  readonly requester: number
  readonly requestedFor: number
  readonly responder: number | null
  readonly group: number | null
  readonly department: number | null
  readonly category: readonly [string | null, string | null, string | null]
  readonly tags: ReadonlyArray<string>
  readonly custom: Row | null
  /** Merged into this ticket (an index), or null. */
  readonly mergedInto: number | null
}

/** What a growing corpus tells about times and categories. */
export type Times = {
  readonly created: (index: number) => number
  readonly updated: (index: number) => number
  readonly category: (index: number) => number
  readonly conversations: (index: number) => number
}

export type Tickets = {
  readonly facts: (index: number) => TicketFacts
  readonly listRow: (index: number) => Row
  readonly detailRow: (index: number) => Row
}

/** Text the destination refuses in a subject: a template that was never filled in. */
export const refusedText = "{{ticket.reference}}"

type Sources = {
  readonly seed: number
  readonly plan: Plan
  readonly people: People
  readonly teams: ReadonlyArray<Team>
  readonly times: Times
  readonly workspaces: number
  readonly files: (index: number) => ReadonlyArray<File>
  readonly links: FileLinks
}

export const makeTickets = (sources: Sources): Tickets => {
  const { seed, plan, times } = sources
  const refused = new Set(plan.refused)
  const facts = (index: number): TicketFacts => makeFacts(sources, refused.has(index), index)
  const listRow = (index: number): Row => {
    const fact = facts(index)
    const draw = random(seed, places.words, index)
    const text = body(draw, longBody(seed, index))
    const description = draw.chance(0.01) ? { html: "", text: "" } : text
    const created = times.created(index)
    return {
      id: fact.id,
      workspace_id: fact.workspace,
      subject: subject(draw, fact, refused.has(index)),
      description: withPictures(sources.links, description.html, sources.files(index)),
      description_text: description.text,
      type: fact.serviceRequest ? "Service Request" : draw.chance(0.01) ? "Major Incident" : "Incident",
      status: fact.status,
      priority: fact.priority,
      source: fact.source,
      requester_id: personNumbers.id(fact.requester),
      requested_for_id: personNumbers.id(fact.requestedFor),
      responder_id: fact.responder === null ? null : personNumbers.id(fact.responder),
      group_id: fact.group === null ? null : groupNumbers.id(fact.group),
      department_id: fact.department === null ? null : departmentNumbers.id(fact.department),
      category: fact.category[0],
      sub_category: fact.category[1],
      item_category: fact.category[2],
      email_config_id: null,
      to_emails: draw.chance(0.3) ? ["help@acme.example"] : null,
      cc_emails: draw.chance(0.1)
        ? ["boss@acme.example", 'Ext "X" <ext@other.example>']
        : draw.chance(0.05)
          ? null
          : [],
      fwd_emails: [],
      reply_cc_emails: [],
      due_by: isoSecond(created + 10 * 86_400),
      fr_due_by: isoSecond(created + 3 * 86_400),
      fr_escalated: draw.chance(0.1),
      is_escalated: draw.chance(0.05),
      deleted: times.category(index) === deleted,
      spam: times.category(index) === spam,
      custom_fields: fact.custom,
      created_at: isoSecond(created),
      updated_at: isoSecond(times.updated(index))
    }
  }
  const detailRow = (index: number): Row => {
    const fact = facts(index)
    return {
      ...listRow(index),
      urgency: fact.urgency,
      impact: fact.impact,
      bcc_emails: null,
      tags: fact.tags,
      attachments: fileRows(sources.links, sources.files(index), times.created(index)),
      sla_policy_id: index % 3 === 0 ? 21_000_800_001 : null,
      applied_business_hours: null,
      created_within_business_hours: index % 4 !== 0,
      approval_status: 4,
      approval_status_name: "Not Requested",
      planned_start_date: null,
      planned_end_date: null,
      planned_effort: null,
      resolution_notes: fact.status >= 4 && index % 5 === 0 ? "Cable replaced." : null,
      resolution_notes_html: fact.status >= 4 && index % 5 === 0 ? "<div>Cable replaced.</div>" : null
    }
  }
  return { facts, listRow, detailRow }
}

const makeFacts = (
  { seed, plan, people, teams, times, workspaces }: Sources,
  refused: boolean,
  index: number
): TicketFacts => {
  const draw = random(seed, places.facts, index)
  const requester =
    plan.people > plan.agents && !draw.chance(0.02)
      ? plan.agents + draw.below(plan.people - plan.agents)
      : draw.below(plan.people)
  const status = weighted(draw.next(), refused)
  const serviceRequest = draw.chance(0.12) && !refused
  const group = draw.chance(0.85) ? draw.below(plan.groups) : null
  const team = group === null ? undefined : teams[group]?.members
  // Mostly somebody of the group; now and then anybody, whether active or not.
  const responder = draw.chance(0.15)
    ? null
    : team !== undefined && team.length > 0 && !draw.chance(0.06)
      ? draw.pick(team)
      : draw.below(plan.agents)
  const [category, seconds] = draw.pick(categories)
  const second = seconds.length > 0 && draw.chance(0.7) ? draw.pick(seconds) : null
  const third = second !== null && second[1].length > 0 && draw.chance(0.6) ? draw.pick(second[1]) : null
  const who = people.person(requester)
  return {
    id: ticketId(index),
    workspace: 2 + (workspaces > 1 && draw.chance(0.3) ? 1 + draw.below(workspaces - 1) : 0),
    serviceRequest,
    status,
    priority: draw.pick([1, 1, 2, 2, 2, 3, 4]),
    urgency: draw.between(1, 3),
    impact: draw.between(1, 3),
    source: draw.pick(sourceCodes),
    requester,
    requestedFor: serviceRequest && draw.chance(0.3) ? draw.below(plan.people) : requester,
    responder: refused ? null : responder,
    group,
    department: who.departments[0] ?? (draw.chance(0.2) ? draw.below(plan.departments) : null),
    category: draw.chance(0.2) ? [null, null, null] : [category, second?.[0] ?? null, third],
    tags: draw.chance(0.4) ? [...new Set([draw.pick(tagWords), draw.pick(tagWords)])] : [],
    custom: draw.chance(0.05) ? (draw.chance(0.5) ? null : {}) : customValues(draw, times.created(index), who.id),
    mergedInto: status === 5 && !refused ? mergeTarget(seed, index, times) : null
  }
}

const weighted = (chance: number, plain: boolean): number => {
  if (chance < 0.5) return 5
  if (chance < 0.64) return 4
  if (chance < 0.8) return 2
  if (chance < 0.88 || plain) return 3
  return chance < 0.95 ? 6 : 7
}

/** Only a ticket with a conversation can be merged: its last note says so. */
const mergeTarget = (seed: number, index: number, times: Times): number | null =>
  index > 3 && times.conversations(index) > 0 && drawOnce(seed, places.facts, index + 0x4000_0000) < 0.03
    ? index - 3
    : null

const subject = (draw: ReturnType<typeof random>, fact: TicketFacts, refused: boolean): string => {
  if (refused) return `${draw.pick(subjects)} ${refusedText}`
  if (fact.serviceRequest)
    return `Request for ${draw.pick(["me", "Anna Müller", "שירה כהן"])} : ${draw.pick(requestItems)}`
  const plain = draw.pick(subjects)
  return draw.chance(0.02) ? `  ${plain}\t` : draw.chance(0.02) ? `${plain} `.repeat(8).slice(0, 240) : plain
}

/** A few descriptions are longer than 64 kB, one in four thousand is longer than 256 kB. */
const longBody = (seed: number, index: number): number =>
  index % 4001 === 777 ? 260_000 + (seed & 0x3fff) : index % 701 === 13 ? 66_000 + (index & 0x3fff) : 0
