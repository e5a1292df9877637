// What hangs below a ticket beside its conversations: requested items, what is always empty here, and the survey's answer.
import { isoSecond } from "../Clock.ts"
import { draw, hashText } from "../Random.ts"
import { type Call, json, type Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { notFound } from "./Answers.ts"
import { listRows } from "./Lists.ts"

type Answer = (account: FreshserviceAccount, call: Call, id: string) => Reply

export const listRequestedItems: Answer = (account, call, id) => {
  const index = account.corpus.ticketIndex(Number(id))
  return index < 0 ? notFound() : listRows(account, call, "requested_items", account.corpus.requestedItems(index))
}

export const belowTicket =
  (key: string): Answer =>
  (account, call, id) =>
    account.corpus.ticketIndex(Number(id)) < 0 ? notFound() : listRows(account, call, key, [])

/** One in six of those that are resolved or closed was rated. */
export const viewSatisfaction: Answer = ({ corpus }, _, id) => {
  const index = corpus.ticketIndex(Number(id))
  if (index < 0 || Number(corpus.listRow(index).status) < 4) return notFound()
  const chance = draw(hashText("csat"), hashText(String(corpus.plan.tickets)), index)
  if (chance > 1 / 6) return notFound()
  const at = isoSecond(corpus.updated(index))
  return json(200, {
    csat_response: {
      id: 21_070_000_001 + index,
      overall_rating: 1 + Math.floor(chance * 18),
      overall_rating_text: "Rated",
      questionnaire_responses: [],
      created_at: at,
      updated_at: at
    }
  })
}
