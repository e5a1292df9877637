// Groups with their members, departments (some names clash but for case), roles and workspaces.
import { isoSecond } from "../Clock.ts"
import { places, random } from "../Random.ts"
import { departmentNumbers, groupNumbers, personNumbers, roleNumbers } from "./Ids.ts"
import type { Membership, Row } from "./People.ts"
import type { Plan } from "./Plan.ts"
import { departmentNames, groupNames } from "./Words.ts"

export type Team = {
  readonly members: ReadonlyArray<number>
  readonly observers: ReadonlyArray<number>
  readonly leaders: ReadonlyArray<number>
}

/** Every agent is a member of one group or two; the last group of several has nobody. */
export const makeTeams = (seed: number, plan: Plan): ReadonlyArray<Team> => {
  const teams = Array.from({ length: plan.groups }, () => ({
    members: [] as Array<number>,
    observers: [] as Array<number>,
    leaders: [] as Array<number>
  }))
  const staffed = Math.max(1, plan.groups - 1)
  for (let agent = 0; agent < plan.agents; agent++) {
    const draw = random(seed, places.group, agent)
    const first = agent % staffed
    const second = draw.below(staffed)
    teams[first]?.members.push(agent)
    if (second !== first) (draw.chance(0.6) ? teams[second]?.members : teams[second]?.observers)?.push(agent)
  }
  for (const team of teams) {
    const leader = team.members[0]
    if (leader !== undefined) team.leaders.push(leader)
  }
  return teams
}

/** The same membership seen from each agent. */
export const membershipOf = (plan: Plan, teams: ReadonlyArray<Team>): ReadonlyArray<Membership> => {
  const all = Array.from({ length: plan.agents }, () => ({
    member: [] as Array<number>,
    observer: [] as Array<number>
  }))
  teams.forEach((team, group) => {
    for (const agent of team.members) all[agent]?.member.push(group)
    for (const agent of team.observers) all[agent]?.observer.push(group)
  })
  return all
}

export const groupRow = (seed: number, anchor: number, teams: ReadonlyArray<Team>, index: number): Row => {
  const draw = random(seed, places.group, index + 100_000)
  const team = teams[index] as Team
  const created = anchor - draw.between(400, 1600) * 86_400
  const round = Math.floor(index / groupNames.length)
  const ids = (agents: ReadonlyArray<number>): ReadonlyArray<number> => agents.map(personNumbers.id)
  return {
    id: groupNumbers.id(index),
    name: `${groupNames[index % groupNames.length]}${round === 0 ? "" : ` ${round + 1}`}`,
    description: draw.chance(0.2) ? null : draw.chance(0.1) ? "" : "Looks after <everything> & more",
    escalate_to: draw.chance(0.3) ? personNumbers.id(0) : null,
    unassigned_for: draw.pick(["30m", "1h", "1d", null]),
    business_hours_id: null,
    auto_ticket_assign: draw.chance(0.2),
    restricted: index % 11 === 7,
    approval_required: false,
    ocs_schedule_id: null,
    agent_ids: ids(team.members),
    members: ids(team.members),
    observers: ids(team.observers),
    leaders: ids(team.leaders),
    members_pending_approval: [],
    observers_pending_approval: [],
    leaders_pending_approval: [],
    created_at: isoSecond(created),
    updated_at: isoSecond(created + draw.below(300 * 86_400))
  }
}

const departmentName = (index: number): string => {
  const name = departmentNames[(index % 7 === 6 ? index - 6 : index) % departmentNames.length] as string
  // Every seventh bears the name of an earlier one in capitals: two names here, one at a destination that ignores case.
  if (index % 7 === 6) return `${name}${round(index - 6)}`.toUpperCase()
  return `${name}${round(index)}`
}
const round = (index: number): string =>
  index < departmentNames.length ? "" : ` ${Math.floor(index / departmentNames.length) + 1}`

export const departmentRow = (seed: number, plan: Plan, anchor: number, index: number): Row => {
  const draw = random(seed, places.department, index)
  const created = anchor - draw.between(400, 1600) * 86_400
  return {
    id: departmentNumbers.id(index),
    name: departmentName(index),
    description: draw.chance(0.3) ? null : draw.chance(0.1) ? "" : "Cost centre & friends",
    head_user_id: draw.chance(0.4) ? personNumbers.id(draw.below(plan.people)) : null,
    prime_user_id: draw.chance(0.3) ? personNumbers.id(draw.below(plan.people)) : null,
    domains: index % 4 === 1 ? [`dept${index}.acme.example`] : [],
    custom_fields: {
      floor: draw.chance(0.5) ? draw.between(0, 12) : null,
      remarks: draw.chance(0.2) ? '=HYPERLINK("x")' : null
    },
    created_at: isoSecond(created),
    updated_at: isoSecond(created + draw.below(300 * 86_400))
  }
}

export const roleRows = (anchor: number): ReadonlyArray<Row> =>
  ["Account Admin", "SD Agent"].map((name, index) => ({
    id: roleNumbers.id(index),
    name,
    description: `${name} role`,
    default: true,
    scopes: {},
    created_at: isoSecond(anchor - 1600 * 86_400),
    updated_at: isoSecond(anchor - 1600 * 86_400)
  }))

/** Workspace 1 does not exist as a row: as a filter it means all of them. */
export const workspaceRows = (anchor: number, count: number): ReadonlyArray<Row> =>
  Array.from({ length: count }, (_, index) => ({
    id: index + 2,
    name: ["IT", "HR", "Facilities", "Legal"][index] ?? `Workspace ${index + 1}`,
    description: null,
    primary: index === 0,
    restricted: false,
    state: 1,
    template_name: index === 0 ? "it" : "business",
    logo: null,
    created_at: isoSecond(anchor - 1600 * 86_400),
    updated_at: isoSecond(anchor - 1600 * 86_400)
  }))
