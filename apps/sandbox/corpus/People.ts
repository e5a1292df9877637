// Agents and requesters, as Freshservice returns them: with and without e-mail, active and not, in many scripts,
// and pairs of people who share one address in different case.
import { isoSecond } from "../Clock.ts"
import { places, random } from "../Random.ts"
import { departmentNumbers, groupNumbers, locationNumbers, personNumbers, roleNumbers } from "./Ids.ts"
import type { Plan } from "./Plan.ts"
import { firstNames, jobTitles, lastNames } from "./Words.ts"

export type Row = Record<string, unknown>

export type Person = {
  readonly index: number
  readonly id: number
  readonly agent: boolean
  readonly first: string
  readonly last: string | null
  readonly email: string | null
  readonly active: boolean
  readonly departments: ReadonlyArray<number>
}

export type People = {
  readonly person: (index: number) => Person
  readonly row: (index: number) => Row
}

const domains = ["acme.example", "acme.example", "acme.example", "contractor.example", "メール.example"]

export const makePeople = (seed: number, plan: Plan, anchor: number, membership: ReadonlyArray<Membership>): People => {
  const person = (index: number): Person => {
    const draw = random(seed, places.person, index)
    const agent = index < plan.agents
    const first = draw.pick(firstNames)
    const last = draw.chance(0.02) ? null : draw.chance(0.02) ? "" : draw.pick(lastNames)
    const domain = agent ? "acme.example" : draw.pick(domains)
    const mailbox = `${slug(first)}.${slug(last ?? "")}${index}@${domain}`
    const active = index === 0 || (agent ? index !== 2 && !draw.chance(0.1) : !draw.chance(0.03))
    const departments = [...new Set([draw.below(plan.departments), draw.below(plan.departments)])].slice(
      0,
      draw.below(3)
    )
    return {
      index,
      id: personNumbers.id(index),
      agent,
      first,
      last,
      email: address(index, mailbox),
      active,
      departments
    }
  }
  const address = (index: number, mailbox: string): string | null => {
    const requester = index - plan.agents
    if (requester < 0) return mailbox
    if (requester % 40 === 5) return null
    const twin = requester % 60 === 11 ? index - 1 : requester === 20 && plan.agents > 1 ? 1 : -1
    if (twin >= 0) return person(twin).email?.toUpperCase() ?? mailbox
    return requester % 7 === 3 ? mailbox.replace(/^./u, (letter) => letter.toUpperCase()) : mailbox
  }
  const row = (index: number): Row => {
    const who = person(index)
    const common = commonRow(seed, plan, anchor, who)
    return who.agent ? agentRow(who, common, membership[index] ?? noMembership) : requesterRow(who, common)
  }
  return { person, row }
}

export type Membership = { readonly member: ReadonlyArray<number>; readonly observer: ReadonlyArray<number> }
const noMembership: Membership = { member: [], observer: [] }

const slug = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z]/g, "")
    .slice(0, 20) || "user"

const commonRow = (seed: number, plan: Plan, anchor: number, who: Person): Row => {
  const draw = random(seed, places.person, who.index + 0x4000_0000)
  const created = anchor - draw.between(1, 1500) * 86_400 - draw.below(86_400)
  const updated = Math.min(anchor - 60, created + draw.below(300 * 86_400))
  return {
    id: who.id,
    first_name: who.first,
    last_name: who.last,
    job_title: draw.pick(jobTitles),
    work_phone_number: who.email === null || draw.chance(0.4) ? `+49 89 ${draw.between(100000, 999999)}` : null,
    mobile_phone_number: draw.chance(0.2) ? `0${draw.between(1500000000, 1799999999)}` : null,
    department_ids: who.departments.map(departmentNumbers.id),
    reporting_manager_id: who.index > 0 && draw.chance(0.3) ? personNumbers.id(draw.below(plan.people)) : null,
    address: draw.chance(0.1) ? `Main Street ${draw.between(1, 99)}\nBuilding "B"` : null,
    time_zone: draw.pick(["Berlin", "Eastern Time (US & Canada)", "Tokyo", "New Delhi", "UTC"]),
    time_format: draw.pick(["12h", "24h"]),
    language: draw.pick(["en", "de", "fr", "ar", "ja-JP"]),
    location_id: draw.chance(0.5) ? locationNumbers.id(draw.below(4)) : null,
    background_information: draw.chance(0.05)
      ? "Prefers e‑mail; speaks עברית and العربية."
      : draw.chance(0.05)
        ? ""
        : null,
    scoreboard_level_id: null,
    external_id: draw.chance(0.2) ? `HR-${10_000 + who.index}` : null,
    vip_user: draw.chance(0.04),
    is_agent: who.agent,
    active: who.active,
    has_logged_in: draw.chance(0.6),
    can_see_all_tickets_from_associated_departments: draw.chance(0.05),
    can_see_all_changes_from_associated_departments: false,
    custom_fields: {
      cost_center: draw.chance(0.5) ? `CC-${draw.between(100, 999)}` : null,
      badge_number: draw.chance(0.3) ? draw.between(1, 9999) : null
    },
    created_at: isoSecond(created),
    updated_at: isoSecond(updated)
  }
}

const requesterRow = (who: Person, common: Row): Row => {
  const { scoreboard_level_id: _, ...fields } = common
  return {
    ...fields,
    primary_email: who.email,
    secondary_emails: who.index % 25 === 7 ? [`second.${who.index}@acme.example`] : [],
    department_names: null,
    location_name: null
  }
}

const agentRow = (who: Person, common: Row, { member, observer }: Membership): Row => {
  const groups = member.map(groupNumbers.id)
  const scope = who.index === 0 ? "entire_helpdesk" : "member_groups"
  return {
    ...common,
    email: who.email,
    occasional: who.index % 9 === 8,
    auto_assign_tickets: true,
    auto_assign_status_changed_at: null,
    last_active_at: who.active ? common.updated_at : null,
    last_login_at: common.updated_at,
    role_ids: [roleNumbers.id(who.index === 0 ? 0 : 1)],
    roles: [{ role_id: roleNumbers.id(who.index === 0 ? 0 : 1), assignment_scope: scope, groups: [] }],
    scopes: { ticket: scope },
    group_ids: groups,
    member_of: groups,
    observer_of: observer.map(groupNumbers.id),
    member_of_pending_approval: [],
    observer_of_pending_approval: [],
    scoreboard_points: who.index * 10,
    signature: `<p>${who.first}<br>Service Desk</p>`
  }
}
