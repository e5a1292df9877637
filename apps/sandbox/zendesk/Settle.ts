// The people, organizations and groups a Zendesk account held before anybody wrote to it: a quarter as many people as
// tickets, and what the past tickets (Past.ts) refer to.
import { isoSecond } from "../Clock.ts"
import { makePeople } from "../corpus/People.ts"
import { departmentRow, groupRow, makeTeams, membershipOf } from "../corpus/Places.ts"
import { addGroup, addUser, newUser, type ZendeskAccount } from "./Account.ts"
import { addOrganization } from "./Organizations.ts"

/** Makes them in an account that is new. */
export const settle = (account: ZendeskAccount, anchor: number): void => {
  const { plan, seed } = account.past
  const { users, groups, organizations } = account.past.settlers
  if (plan.tickets === 0) return
  const second = anchor - 86_400
  const at = isoSecond(second)
  const teams = makeTeams(seed, plan)
  const people = makePeople(seed, plan, anchor, membershipOf(plan, teams))
  for (let i = 0; i < plan.departments; i++) {
    const name = `${String(departmentRow(seed, plan, anchor, i).name)} #${i}`
    organizations.push(addOrganization(account, { name }, second))
  }
  for (let i = 0; i < plan.groups; i++)
    groups.push(addGroup(account, String(groupRow(seed, anchor, teams, i).name), false, second).id)
  for (let i = 0; i < plan.people; i++) {
    const who = people.person(i)
    const email = who.email === null || account.usersByEmail.has(who.email.toLowerCase()) ? null : who.email
    const name = who.last ? `${who.first} ${who.last}` : who.first
    const id = account.nextId("user")
    const user = newUser({ id, name, email, role: who.agent ? "agent" : "end-user", at, writtenAt: 0 })
    user.suspended = !who.agent && !who.active
    user.organization = organizations[who.departments[0] ?? -1] ?? null
    users.push(id)
    addUser(account, user, second)
    if (user.organization !== null) {
      account.organizationMemberships.add({
        id: account.nextId("organizationMembership"),
        user: id,
        of: user.organization,
        isDefault: true,
        createdAt: at
      })
    }
  }
  teams.forEach((team, group) => {
    for (const member of new Set([...team.members, ...team.observers])) {
      account.groupMemberships.add({
        id: account.nextId("groupMembership"),
        user: users[member] as number,
        of: groups[group] as number,
        isDefault: false,
        createdAt: at
      })
    }
  })
}
