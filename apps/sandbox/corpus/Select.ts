// Which tickets a list shows and in which order: index arrays, made once per question and corpus version.
// A page is a slice of such an array, so no call walks over all tickets twice.
import type { Row } from "./People.ts"

export type TicketQuestion = {
  /** normal, deleted or spam. */
  readonly category: number
  /** null means all workspaces. */
  readonly workspace: number | null
  /** Unix seconds, both inclusive. */
  readonly createdFrom: number | null
  readonly updatedFrom: number | null
  readonly requester: number | null
  readonly type: string | null
  /** null, or only tickets that are open or new. */
  readonly openOnly: boolean
  readonly orderBy: "created_at" | "updated_at" | "due_by" | "status"
  readonly descending: boolean
}

export type Selectable = {
  readonly count: () => number
  readonly version: () => number
  readonly created: (index: number) => number
  readonly updated: (index: number) => number
  readonly category: (index: number) => number
  readonly facts: (index: number) => {
    readonly workspace: number
    readonly requester: number
    readonly status: number
    readonly serviceRequest: boolean
  }
  readonly patched: (index: number) => Row | undefined
}

const remembered = 24

export const makeSelect = (corpus: Selectable): ((question: TicketQuestion) => Int32Array) => {
  const answers = new Map<string, Int32Array>()
  return (question) => {
    const key = `${corpus.version()}|${Object.values(question).join("|")}`
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = select(corpus, question)
    if (answers.size >= remembered) answers.delete(answers.keys().next().value as string)
    answers.set(key, answer)
    return answer
  }
}

const select = (corpus: Selectable, question: TicketQuestion): Int32Array => {
  const matching: Array<number> = []
  for (let i = 0; i < corpus.count(); i++) if (matches(corpus, question, i)) matching.push(i)
  const indexes = Int32Array.from(matching)
  const value = orderValue(corpus, question.orderBy)
  const values = new Map<number, number>()
  if (question.orderBy === "status") for (const i of indexes) values.set(i, value(i))
  const at = question.orderBy === "status" ? (i: number) => values.get(i) as number : value
  // Equal values stay in the order of ids, whichever way the list runs.
  indexes.sort((a, b) => (question.descending ? at(b) - at(a) : at(a) - at(b)) || a - b)
  return indexes
}

const matches = (corpus: Selectable, question: TicketQuestion, i: number): boolean => {
  if (corpus.category(i) !== question.category) return false
  if (question.createdFrom !== null && corpus.created(i) < question.createdFrom) return false
  if (question.updatedFrom !== null && corpus.updated(i) < question.updatedFrom) return false
  if (question.workspace === null && question.requester === null && question.type === null && !question.openOnly)
    return true
  const facts = corpus.facts(i)
  if (question.workspace !== null && facts.workspace !== question.workspace) return false
  if (question.requester !== null && facts.requester !== question.requester) return false
  if (question.openOnly && facts.status !== 2) return false
  return question.type === null || question.type === (facts.serviceRequest ? "Service Request" : "Incident")
}

const orderValue = (corpus: Selectable, orderBy: TicketQuestion["orderBy"]): ((index: number) => number) => {
  if (orderBy === "updated_at") return corpus.updated
  if (orderBy === "status") return (i) => Number(corpus.patched(i)?.status ?? corpus.facts(i).status)
  return corpus.created
}
