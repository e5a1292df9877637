// Problems and changes with their notes: lists that lack what the detail has, and the traps of their own.
import { nowSecond } from "../Clock.ts"
import type { Row } from "../corpus/People.ts"
import type { Matters } from "../corpus/Problems.ts"
import { type Call, json, type Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { badValue, type FieldError, invalid, missingFeature, notFound } from "./Answers.ts"
import { chosenOnce, listRows } from "./Lists.ts"

type Kind = "problems" | "changes"

const lacking = ({ options }: FreshserviceAccount): boolean => options.plan === "starter" || options.plan === "growth"

/** A module the two lower plans do not have. */
export const withModule =
  (name: string, answer: (account: FreshserviceAccount, call: Call, id: string) => Reply) =>
  (account: FreshserviceAccount, call: Call, id: string): Reply =>
    lacking(account) ? missingFeature(name) : answer(account, call, id)

const single = { problems: "problem", changes: "change" } as const

const of = (account: FreshserviceAccount, kind: Kind): Matters => account.corpus[kind]

export const listMatters = (kind: Kind) =>
  withModule(kind, (account, call) => {
    const errors: Array<FieldError> = []
    const since = call.query.get("updated_since")
    const sinceSecond = since === null ? null : Math.ceil(Date.parse(since) / 1000)
    if (sinceSecond !== null && Number.isNaN(sinceSecond))
      errors.push(badValue("updated_since", "It should be a valid date in the ISO 8601 format"))
    const inWorkspace = workspaceTest(account, call, errors)
    if (errors.length > 0) return invalid(errors)
    const matters = of(account, kind)
    // Changes alone hide what is older than 30 days, unless they are asked for by date.
    const createdFrom =
      kind === "changes" && since === null ? Math.floor(nowSecond(account.clock) / 60) * 60 - 30 * 86_400 : null
    const question = [kind, sinceSecond, createdFrom, call.query.get("workspace_id")].join("|")
    const indexes = chosenOnce(account, question, () => {
      const newest = Array.from({ length: matters.count }, (_, place) => matters.count - 1 - place)
      return newest.filter(
        (index) =>
          (sinceSecond === null || matters.updated(index) >= sinceSecond) &&
          (createdFrom === null || matters.created(index) >= createdFrom) &&
          inWorkspace(matters.listRow(index))
      )
    })
    return listRows(account, call, kind, indexes, { row: matters.listRow, searched: false })
  })

/** The first workspace unless one is named; 0 means all of them. */
export const workspaceTest = (
  account: FreshserviceAccount,
  call: Call,
  errors: Array<FieldError>
): ((row: Row) => boolean) => {
  const asked = call.query.get("workspace_id")
  if (asked === "0") return () => true
  const workspace = asked === null ? 2 : Number(asked)
  if (!Number.isInteger(workspace) || workspace < 2 || workspace > account.options.workspaces + 1)
    errors.push(badValue("workspace_id", "It should be a valid workspace"))
  return (row) => row.workspace_id === workspace
}

export const viewMatter = (kind: Kind) =>
  withModule(kind, (account, _, id) => {
    const matters = of(account, kind)
    const index = matters.index(Number(id))
    return index < 0 ? notFound() : json(200, { [single[kind]]: matters.detailRow(index) })
  })

export const listNotes = (kind: Kind) =>
  withModule(kind, (account, call, id) => {
    const matters = of(account, kind)
    const index = matters.index(Number(id))
    return index < 0 ? notFound() : listRows(account, call, "notes", matters.notes(index))
  })
