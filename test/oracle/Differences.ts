// Where two pictures of one ticket, problem or change differ: field by field, comment by comment, in words a person can read.
// For Compare.ts, which holds pictures side by side only where their digests differ.
import type { CustomFields } from "./CustomFields.ts"
import type { Findings } from "./Findings.ts"
import type { CommentPicture, TicketPicture } from "./Picture.ts"
import { isOversize } from "./Rules.ts"
import type { Work } from "./Work.ts"

/** `ids` are the source ids of the comments behind the description, in order. */
export const differences = (
  findings: Findings,
  fields: CustomFields,
  { comments: ids, entity, id }: Pick<Work, "comments" | "entity" | "id">,
  expected: TicketPicture,
  found: TicketPicture
): void => {
  const { comments: wanted, custom: values, ...plain } = expected
  const { comments, custom, ...rest } = found
  findings.compare(entity, id, plain, rest)
  compareCustom(findings, fields, { entity, id }, new Map(values), new Map(custom))
  compareComments(findings, { entity, id }, ids, wanted, folded(wanted, comments))
}

type Owner = Pick<Work, "entity" | "id">
const nameOf = ({ entity, id }: Owner): string => `${entity} ${id}`

const compareCustom = (
  findings: Findings,
  fields: CustomFields,
  { entity, id }: Owner,
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>
): void => {
  for (const field of new Set([...expected.keys(), ...found.keys()])) {
    const [must, is] = [expected.get(field) ?? null, found.get(field) ?? null]
    if (must !== is) findings.changed(entity, id, `custom field "${fields.title(field)}"`, must, is)
  }
}

const keyOf = (comment: CommentPicture): string => JSON.stringify(comment)

/** Equal ones are paired first; what is left over on both sides is the same comment, changed; else missing or too many. */
const compareComments = (
  findings: Findings,
  owner: Owner,
  ids: ReadonlyArray<string>,
  expected: ReadonlyArray<CommentPicture>,
  found: ReadonlyArray<CommentPicture>
): void => {
  const unpaired = new Map<string, Array<number>>()
  for (const [at, comment] of found.entries()) {
    const key = keyOf(comment)
    unpaired.set(key, [...(unpaired.get(key) ?? []), at])
  }
  const left: Array<number> = []
  const order: Array<number> = []
  const paired = new Set<number>()
  for (const [at, comment] of expected.entries()) {
    const place = unpaired.get(keyOf(comment))?.shift()
    if (place === undefined) left.push(at)
    else {
      order.push(place)
      paired.add(place)
    }
  }
  const over = [...found.keys()].filter((at) => !paired.has(at))
  if (order.some((place, at) => place < (order[at - 1] ?? -1)))
    findings.changed("comment", `of ${nameOf(owner)}`, "order", "that of time and id", order.join(" "))
  const known = new Set(expected.map(keyOf))
  for (const at of left) {
    const [comment, other] = [expected[at], found[over.shift() ?? -1]]
    if (comment === undefined) continue
    if (other !== undefined) compareComment(findings, owner, at, ids, comment, other)
    else if (at === 0) findings.changed(owner.entity, owner.id, "description", comment.body, null)
    else findings.missing("comment", ids[at - 1] ?? "?", `is not in ${nameOf(owner)} at the destination`)
  }
  for (const at of over) {
    const again = known.has(keyOf(found[at] as CommentPicture))
    const words = again ? "is there a second time" : "is in no conversation of the source"
    findings.doubled("comment", `at place ${at} of ${nameOf(owner)}`, 1, words)
  }
}

const compareComment = (
  findings: Findings,
  owner: Owner,
  at: number,
  ids: ReadonlyArray<string>,
  expected: CommentPicture,
  found: CommentPicture
): void => {
  if (at > 0) {
    findings.compare("comment", `${ids[at - 1]} of ${nameOf(owner)}`, { ...expected }, { ...found })
    return
  }
  const { body, ...facts } = expected
  const named = (comment: Omit<CommentPicture, "body">): Readonly<Record<string, unknown>> => ({
    "description's author": comment.author,
    "description's public": comment.public,
    "description's created_at": comment.created_at
  })
  findings.compare(
    owner.entity,
    owner.id,
    { description: body, ...named(facts) },
    { description: found.body, ...named(found) }
  )
}

/** Comments that were split because of their length, joined again; all else as it is. */
const folded = (
  expected: ReadonlyArray<CommentPicture>,
  found: ReadonlyArray<CommentPicture>
): ReadonlyArray<CommentPicture> => {
  const long = expected.filter(({ body }) => isOversize(body))
  const left = [...found]
  for (const { body } of long) {
    const from = left.findIndex((part) => part.body !== "" && part.body !== body && body.startsWith(part.body))
    const first = left[from]
    if (first === undefined) continue
    let [text, count] = [first.body, 1]
    for (let part = left[from + 1]; part !== undefined && isNext(first, body, text, part); part = left[from + count]) {
      text += part.body
      count++
    }
    left.splice(from, count, { ...first, body: text })
  }
  return left
}

/** By the same author, at the same time, for the same readers, with the text that comes next. */
const isNext = (first: CommentPicture, whole: string, before: string, part: CommentPicture): boolean =>
  part.author === first.author &&
  part.public === first.public &&
  part.created_at === first.created_at &&
  part.body !== "" &&
  whole.startsWith(part.body, before.length)
