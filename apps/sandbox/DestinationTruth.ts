// What a fair comparer needs of the destination, as lines of JSON: everything a Zendesk account holds, deleted or not.
import { findTicket, type ZendeskAccount } from "./zendesk/Account.ts"
import { commentRow, groupRow, membershipRow, organizationRow, ticketRow, userRow } from "./zendesk/Rows.ts"

export const destinationEntities = [
  "ticket",
  "user",
  "organization",
  "group",
  "group_membership",
  "organization_membership"
] as const
export type DestinationEntity = (typeof destinationEntities)[number]

export const destinationLines = (account: ZendeskAccount, entity: DestinationEntity): Iterable<object> => {
  switch (entity) {
    case "ticket":
      return ticketLines(account)
    case "user":
      return map(account.users.values(), (user) => ({
        entity,
        id: user.id,
        row: userRow(account, user),
        deleted: !user.active
      }))
    case "organization":
      return map(account.organizations.values(), (row) => ({
        entity,
        id: row.id,
        row: organizationRow(account, row, true),
        deleted: row.deletedAt !== null
      }))
    case "group":
      return map(account.groups.values(), (group) => ({
        entity,
        id: group.id,
        row: groupRow(account, group),
        deleted: group.deleted
      }))
    case "group_membership":
      return map(account.groupMemberships.all.values(), (row) => ({
        entity,
        id: row.id,
        row: membershipRow(account, "group", row),
        deleted: false
      }))
    case "organization_membership":
      return map(account.organizationMemberships.all.values(), (row) => ({
        entity,
        id: row.id,
        row: membershipRow(account, "organization", row),
        deleted: false
      }))
  }
}

const ticketLines = function* (account: ZendeskAccount): Iterable<object> {
  const line = (id: number): object | null => {
    const ticket = findTicket(account, id)
    if (ticket === undefined) return null
    const { archived, status } = ticket
    return {
      entity: "ticket",
      id,
      row: ticketRow(account, ticket),
      comments: ticket.comments.map(commentRow),
      archived,
      deleted: status === "deleted"
    }
  }
  for (let id = 1; id <= account.past.count; id++) yield line(id) as object
  for (const id of account.tickets.keys()) if (id > account.past.count) yield line(id) as object
}

const map = function* <A>(values: Iterable<A>, line: (value: A) => object): Iterable<object> {
  for (const value of values) yield line(value)
}
