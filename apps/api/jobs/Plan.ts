// What a new migration moves and which streams it reads: from the names somebody gave to entities and streams. Pure.
// What does not belong here: rows (NewMigration.ts), how a stream is read (apps/extractor).

import type { AnyConnector } from "@bridge/connectors/Connector"
import { type Problem, type ProblemPlace, problem } from "@bridge/contract/Problem"
import { type EntityId, entities, entity, entityNamed } from "@bridge/domain/Entities"
import { Result } from "effect"

export interface Plan {
  readonly entities: ReadonlyArray<EntityId>
  /** Driving streams: they have pages of their own, and bring their children along. */
  readonly streams: ReadonlyArray<{ readonly stream: string; readonly entity: EntityId }>
}

const readable = (source: AnyConnector): ReadonlySet<EntityId> => {
  const direct = new Set(source.streams.flatMap((s) => (s.entity === null ? [] : [s.entity])))
  return new Set(entities.flatMap((e) => (direct.has(e.derivedFrom ?? e.id) ? [e.id] : [])))
}

const writable = (destination: AnyConnector): ReadonlySet<EntityId> =>
  new Set([...destination.sinks.flatMap((s) => [s.entity, ...s.parts]), ...(destination.unheld ?? [])])

/** Everything that both sides can. */
const common = (source: AnyConnector, destination: AnyConnector): ReadonlyArray<EntityId> => {
  const [from, to] = [readable(source), writable(destination)]
  return entities.map((e) => e.id).filter((id) => from.has(id) && to.has(id))
}

/** Without names: all that both can do. With names: those, and the records they belong to. */
export const planOf = (
  source: AnyConnector,
  destination: AnyConnector,
  names: ReadonlyArray<string> | undefined
): Result.Result<Plan, Problem<422>> => {
  const possible = common(source, destination)
  if (possible.length === 0)
    return Result.fail(
      problem("connection-unfit", `${source.title} as source and ${destination.title} as destination share no entity.`)
    )
  if (names === undefined) return Result.succeed({ entities: possible, streams: streamsFor(source, possible) })
  const places = names.map((name, i) => ({ name, place: ["entities", i] as const, id: entityNamed(name)?.id }))
  const unknown = places.filter((p) => p.id === undefined)
  if (unknown.length > 0) return Result.fail(refused("entity-unknown", unknown, (p) => `${p.name} is no entity`))
  const wanted = closed(places.flatMap((p) => (p.id === undefined ? [] : [p.id])))
  const unfit = [...wanted].filter((id) => !possible.includes(id))
  if (unfit.length > 0)
    return Result.fail(
      refused(
        "entity-unsupported",
        unfit.map((id) => ({ name: id, place: ["entities"] })),
        (p) => `${p.name} cannot be moved from ${source.title} to ${destination.title}`
      )
    )
  const chosen = possible.filter((id) => wanted.has(id))
  return Result.succeed({ entities: chosen, streams: streamsFor(source, chosen) })
}

interface Place {
  readonly name: string
  readonly place: ProblemPlace["path"]
}

const refused = <P extends Place>(
  code: "entity-unknown" | "entity-unsupported",
  places: ReadonlyArray<P>,
  words: (place: P) => string
): Problem<422> =>
  problem(code, `${places.map(words).join("; ")}.`, {
    errors: places.map((p) => ({ path: p.place, message: words(p) }))
  })

/** With a parent, and its: a comment needs its ticket, unless it is those of problems that are asked for. */
const closed = (ids: ReadonlyArray<EntityId>): ReadonlySet<EntityId> => {
  const all = new Set<EntityId>()
  const add = (id: EntityId): void => {
    if (all.has(id)) return
    all.add(id)
    const { parents } = entity(id)
    const [usual] = parents
    if (usual !== undefined && !parents.some((p) => all.has(p) || ids.includes(p))) add(usual)
  }
  for (const id of ids) add(id)
  return all
}

/** A stream is read when its entity or one derived from it is wanted; its children come along. */
const streamsFor = (source: AnyConnector, wanted: ReadonlyArray<EntityId>): Plan["streams"] => {
  const needed = new Set(wanted.map((id) => entity(id).derivedFrom ?? id))
  return source.streams.flatMap((s) => {
    if (s.parent !== undefined || s.entity === null) return []
    return needed.has(s.entity) ? [{ stream: s.name, entity: s.entity }] : []
  })
}
