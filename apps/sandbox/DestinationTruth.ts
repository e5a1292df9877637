// What a fair comparer needs of the destination, as lines of JSON: everything a Zendesk account holds, deleted or not.
import { findTicket, type ZendeskAccount } from "./zendesk/Account.ts"
import { fieldRow as objectFieldRow } from "./zendesk/CustomFields.ts"
import { objectRow } from "./zendesk/CustomObjects.ts"
import { recordRow } from "./zendesk/CustomRecords.ts"
import { fieldRow } from "./zendesk/Fields.ts"
import {
  commentRow,
  groupRow,
  identityRow,
  membershipRow,
  organizationRow,
  ticketRow,
  userRow
} from "./zendesk/Rows.ts"
import type { Attachment } from "./zendesk/UploadModel.ts"

export const destinationEntities = [
  "ticket",
  "user",
  "organization",
  "group",
  "group_membership",
  "organization_membership",
  "attachment",
  "identity",
  "custom_object",
  "custom_object_record",
  "ticket_field"
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
    case "attachment":
      return map(account.uploads.attachments.values(), fileLine)
    case "custom_object":
      return map(account.customObjects.values(), (object) => ({
        entity,
        id: object.key,
        row: objectRow(account, object),
        fields: [...object.fields.values()].map((field, position) =>
          objectFieldRow(account, object, field, position + 2)
        )
      }))
    case "custom_object_record":
      return recordLines(account)
    case "ticket_field":
      return map(account.fields, (field) => ({ entity, id: field.id, row: fieldRow(account.host, field, 1) }))
    case "identity":
      return identityLines(account)
  }
}

/** Every file that was sent, whether a comment has it or not. */
const fileLine = ({ id, fileName, contentType, file, ticket, comment, inline, upload }: Attachment): object => ({
  entity: "attachment",
  id,
  file_name: fileName,
  content_type: contentType,
  size: file.bytes.size,
  sha256: file.sha256,
  inline,
  ticket_id: ticket,
  comment_id: comment,
  upload: upload.state
})

const recordLines = function* (account: ZendeskAccount): Iterable<object> {
  for (const object of account.customObjects.values()) {
    for (const record of object.records.values()) {
      yield {
        entity: "custom_object_record",
        id: record.id,
        object: object.key,
        row: recordRow(account, object, record)
      }
    }
  }
}

const identityLines = function* (account: ZendeskAccount): Iterable<object> {
  for (const user of account.users.values())
    for (const identity of user.identities)
      yield {
        entity: "identity",
        id: identity.id,
        row: identityRow(account, user, identity, false),
        deleted: !user.active
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
      comments: ticket.comments.map((comment) => commentRow(account, comment, true)),
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
