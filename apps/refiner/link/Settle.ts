// Settling: references, people who are one, clashing names, children of what is left out, decided over the whole job and
// written to `job_records.resolution`. Set-based, idempotent, the same whatever came first: the lowest source id wins
// (shorter vendor ids first, then by code point: numbers in their order). Runs inside the caller's transactions.

import type { Resolution, Warning } from "@bridge/domain/Element"
import { type Entity, type EntityId, entities, entity } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type Candidate, merge } from "./Merge.ts"
import { type Named, rename } from "./Names.ts"
import type { LinkPlan } from "./Plan.ts"

/** The job that is settled. */
export interface Settling {
  readonly jobId: string
  readonly plan: LinkPlan
  /** What the job moves: references to anything else may lead to what an earlier job has loaded. */
  readonly wanted: ReadonlyArray<string>
}

/** Runs one transaction of the tenant. */
export type Transact = <A>(
  body: Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>
) => Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>

/** Parents before their children, whatever is referred to before what refers: the order of loading. */
const steps: ReadonlyArray<Entity> = entities.toSorted((a, b) => a.loadPhase - b.loadPhase)
/** Records in one transaction: few enough that the worst join over them is short. */
const slice = 1_000

/** Decides everything that concerns more than one record. Each transaction is complete in itself; again changes nothing. */
export const settle = <E, R>(
  settling: Settling,
  transact: <A>(body: Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>) => Effect.Effect<A, E, R>
): Effect.Effect<void, E, R> =>
  Effect.forEach(
    steps,
    ({ id }) =>
      Effect.gen(function* () {
        const verdicts = yield* transact(verdictsOf(settling, id))
        yield* transact(clear(settling, id))
        let after: string | undefined = ""
        while (after !== undefined) after = yield* transact(settleSlice(settling, id, verdicts, after))
        if (id === "group-member") yield* transact(mergeMembers(settling))
      }),
    { discard: true }
  )

/** What is decided about single records by comparing them with all of their kind. */
interface Verdict {
  readonly sourceId: string
  readonly resolution: Resolution
  readonly warning: Warning
}

const verdictsOf = (settling: Settling, id: EntityId) => {
  if (id === "person") return people(settling)
  return id === "department" || id === "group" ? names(settling, id) : Effect.succeed([])
}

const settled = (code: string, message: string, field: string): Warning => ({ code, message, field, settled: true })

const people = ({ jobId }: Settling) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<Candidate>`with mine as (
        select source_id, native_id, match_key, status,
          count(*) over (partition by native_id) as ids,
          case when match_key is null then 1 else count(*) over (partition by match_key) end as keys,
          row_number() over (order by length(native_id), native_id collate "C", source_id collate "C") as place
        from job_records where job_id = ${jobId}::uuid and entity = 'person' and state = 'ready')
      select source_id as "sourceId", native_id as "nativeId", match_key as "matchKey", status as role, place::int as "order"
      from mine where ids > 1 or keys > 1`
    return merge(rows).flatMap(({ losers, role, winner }): ReadonlyArray<Verdict> => {
      const ids = [winner, ...losers].map((one) => one.sourceId)
      const message = `one person: ${ids.join(", ")}`
      return [
        {
          sourceId: winner.sourceId,
          resolution: { merges: ids.slice(1), ...(role !== null && role !== winner.role && { set: { role } }) },
          warning: settled("merged", `${message}; the others are merged into this one`, "email")
        },
        ...losers.map((loser) => ({
          sourceId: loser.sourceId,
          resolution: { merged: { into: winner.sourceId } },
          warning: settled("merged", `${message}; merged into ${winner.sourceId}`, "email")
        }))
      ]
    })
  })

const names = ({ jobId, plan }: Settling, id: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const clashes = yield* sql<{ n: number }>`select count(*)::int as n from (select 1 from job_records
      where job_id = ${jobId}::uuid and entity = ${id} and state = 'ready' and match_key is not null
      group by match_key having count(*) > 1) as t`
    if (clashes[0]?.n === 0) return []
    const rows = yield* sql<Named>`select r.source_id as "sourceId",
        coalesce(d.transformed_data -> r.position -> 'body' ->> 'name', r.title) as name,
        (row_number() over (order by length(r.native_id), r.native_id collate "C", r.source_id collate "C"))::int as "order"
      from job_records r left join job_extracted_data d on d.job_id = r.job_id and d.entity_type = r.entity
        and d.stream = r.stream and d.batch_number = r.batch
      where r.job_id = ${jobId}::uuid and r.entity = ${id} and r.state = 'ready'`
    return rename(rows, plan.options.clashSuffix).map(
      ({ from, keeps, sourceId, to }): Verdict => ({
        sourceId,
        resolution: { set: { name: to } },
        warning: settled("name-clash", `"${from}" is the name of ${keeps} as well: becomes "${to}"`, "name")
      })
    )
  })

/** Records that have become excluded carry no decision. */
const clear = ({ jobId }: Settling, id: EntityId) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update job_records set resolution = null
      where job_id = ${jobId}::uuid and entity = ${id} and state <> 'ready' and resolution is not null`
  )

/** Settles the records after `after`; returns where to go on, undefined at the end. */
const settleSlice = (settling: Settling, id: EntityId, verdicts: ReadonlyArray<Verdict>, after: string) =>
  Effect.gen(function* () {
    const { jobId, plan, wanted } = settling
    const sql = yield* SqlClient.SqlClient
    const [end] = yield* sql<{
      last: string | null
      n: number
    }>`select max(source_id collate "C") as last, count(*)::int as n
      from (select source_id from job_records where job_id = ${jobId}::uuid and entity = ${id}
        and source_id collate "C" > ${after} order by source_id collate "C" limit ${slice}) as t`
    if (end === undefined || end.last === null) return undefined
    const policies = plan.policies(id)
    const ticket = id === "ticket" ? plan.ticket : nothing
    const guarded = id === "ticket" && wanted.includes("group-member") ? plan.options.assigneeOutsideGroup : "keep"
    const strict = id === "ticket" && wanted.includes("person") && plan.options.organizationOfAnother === "drop"
    yield* sql`
      with policy as (
        select * from unnest(${policies.map((p) => p.path)}::text[], ${policies.map((p) => p.missing)}::text[],
          ${policies.map((p) => p.agent)}::boolean[]) as p(path, missing, agent)),
      verdict as (
        select * from unnest(${verdicts.map((v) => v.sourceId)}::text[],
          ${verdicts.map((v) => JSON.stringify(v.resolution))}::text[],
          ${verdicts.map((v) => JSON.stringify([v.warning]))}::text[]) as v(source_id, resolution, notes)),
      mine as (
        select source_id, parent_id, refs, resolution, warnings from job_records
        where job_id = ${jobId}::uuid and entity = ${id} and state = 'ready'
          and source_id collate "C" > ${after} and source_id collate "C" <= ${end.last}),
      earlier as materialized (
        select l.entity, l.source_id, regexp_replace(l.source_id, '^.*/', '') as native_id
        from jobs j join load_ledger l on l.tenant_id = j.tenant_id and l.destination_account = j.destination_account
          and l.source_account = j.source_account and l.state in ('created', 'matched', 'updated')
          and l.destination_id is not null and not (l.entity = any(${wanted}::text[]))
        where j.id = ${jobId}::uuid),
      reference as (
        select m.source_id, k.key as path, k.value ->> 'entity' as entity, k.value ->> 'nativeId' as native,
          coalesce(p.missing, 'drop') as missing, coalesce(p.agent, false) as agent
        from mine m cross join lateral jsonb_each(coalesce(m.refs, '{}')) k left join policy p on p.path = k.key),
      found as (
        select r.*, t.target, t.title, t.role, t.target is not null and (not r.agent or t.role is null
          or t.role in ('agent', 'admin')) as good
        from reference r left join lateral (
          select w.source_id as target, w.title, coalesce(w.resolution -> 'set' ->> 'role', w.status, '') as role
          from job_records x join job_records w on w.job_id = x.job_id and w.entity = x.entity
            and w.source_id = coalesce(x.resolution -> 'merged' ->> 'into', x.source_id)
          where x.job_id = ${jobId}::uuid and x.entity = r.entity and x.native_id = r.native and x.state = 'ready'
            and x.resolution ->> 'excluded' is null
          union all
          select e.source_id, e.source_id, null from earlier e where e.entity = r.entity and e.native_id = r.native
          order by 1 limit 1) t on true),
      settled as (
        select source_id,
          jsonb_object_agg(path, case when good then jsonb_build_object('entity', entity, 'sourceId', target)
            else jsonb_build_object('entity', entity, 'missing', native, 'use', missing) end) as refs,
          coalesce(jsonb_agg(jsonb_build_object('field', path, 'settled', true,
            'code', case when target is null then 'reference-missing' else 'not-an-agent' end,
            'message', case when native = '' then 'no ' || entity || ' is given'
              when target is null then entity || ' ' || native || ' is not in this job'
              else title || ' (' || target || ') is not an agent at the destination' end
              || case missing when 'placeholder' then ': the stand-in takes the place' when 'drop' then ': left out'
                else '' end) order by path) filter (where not good), '[]') as notes,
          min(case when native = '' then 'no ' || entity when target is null then entity || ' ' || native || ' is not in this job'
            else entity || ' ' || native || ' is not an agent at the destination' end)
            filter (where not good and missing = 'fail') as failed
        from found group by source_id),
      member as materialized (
        select resolution -> 'refs' -> ${plan.member.group}::text ->> 'sourceId' as grp,
          resolution -> 'refs' -> ${plan.member.person}::text ->> 'sourceId' as person
        from job_records where job_id = ${jobId}::uuid and entity = 'group-member' and state = 'ready'
          and resolution ->> 'excluded' is null and ${guarded}::text <> 'keep'),
      pair as (
        select s.source_id, s.refs -> ${ticket.assignee}::text ->> 'sourceId' as assignee,
          s.refs -> ${ticket.group}::text ->> 'sourceId' as grp,
          s.refs -> ${ticket.requester}::text ->> 'sourceId' as requester,
          s.refs -> ${ticket.organization}::text ->> 'sourceId' as organization
        from settled s where ${id === "ticket"}::boolean),
      dropped as (
        select p.source_id, case ${guarded}::text when 'drop-group' then ${ticket.group}::text else ${ticket.assignee}::text end as path,
          'not-a-member' as code, coalesce(a.title, p.assignee) || ' (' || p.assignee || ') is not a member of '
            || coalesce(g.title, p.grp) || ': the ' || case ${guarded}::text when 'drop-group' then 'group' else 'assignee' end
            || ' is left out' as message
        from pair p left join job_records a on a.job_id = ${jobId}::uuid and a.entity = 'person' and a.source_id = p.assignee
          left join job_records g on g.job_id = ${jobId}::uuid and g.entity = 'group' and g.source_id = p.grp
        where ${guarded}::text <> 'keep' and p.assignee is not null and p.grp is not null
          and not exists (select 1 from member m where m.grp = p.grp and m.person = p.assignee)
        union all
        select p.source_id, ${ticket.organization}::text, 'organization-of-another',
          coalesce(o.title, p.organization) || ' is not the organization of the requester: left out'
        from pair p left join job_records q on q.job_id = ${jobId}::uuid and q.entity = 'person' and q.source_id = p.requester
          left join job_records o on o.job_id = ${jobId}::uuid and o.entity = 'department' and o.source_id = p.organization
        where ${strict}::boolean and p.organization is not null
          and p.organization is distinct from (q.resolution -> 'refs' -> ${plan.personOrganization}::text ->> 'sourceId')),
      lost as (
        select d.source_id,
          jsonb_object_agg(d.path, jsonb_build_object('entity', m.refs -> d.path ->> 'entity',
            'missing', m.refs -> d.path ->> 'nativeId', 'use', 'drop')) as refs,
          jsonb_agg(jsonb_build_object('field', d.path, 'settled', true, 'code', d.code, 'message', d.message)
            order by d.path) as notes
        from dropped d join mine m using (source_id) group by d.source_id),
      family as (
        select m.source_id, case when p.source_id is null then 'its ' || ${parentOf(id)}::text || ' is not in this job'
          when p.state <> 'ready' then 'its ' || ${parentOf(id)}::text || ' is left out: ' || coalesce(p.reason, p.state)
          when p.resolution ->> 'excluded' is not null then 'its ' || ${parentOf(id)}::text || ' is left out: '
            || (p.resolution ->> 'excluded') end as excluded
        from mine m left join job_records p on p.job_id = ${jobId}::uuid and p.entity = ${parentOf(id)}::text
          and p.source_id = m.parent_id
        where ${parentOf(id)}::text is not null and ${parentOf(id)}::text = any(${wanted}::text[])),
      outcome as (
        select m.source_id, m.resolution as old_resolution, m.warnings as old_warnings,
          nullif(jsonb_strip_nulls(jsonb_build_object('refs', s.refs || coalesce(l.refs, '{}'),
            'excluded', coalesce(f.excluded, s.failed)) || coalesce(v.resolution::jsonb, '{}')), '{}') as resolution,
          nullif(coalesce((select jsonb_agg(w order by n) from jsonb_array_elements(coalesce(m.warnings, '[]'))
            with ordinality as o(w, n) where not (w ? 'settled')), '[]') || coalesce(v.notes::jsonb, '[]')
            || coalesce(s.notes, '[]') || coalesce(l.notes, '[]'), '[]') as warnings
        from mine m left join settled s using (source_id) left join lost l using (source_id)
          left join family f using (source_id) left join verdict v using (source_id))
      update job_records r set resolution = o.resolution, warnings = o.warnings, updated_at = now()
      from outcome o where r.job_id = ${jobId}::uuid and r.entity = ${id} and r.source_id = o.source_id
        and (o.resolution is distinct from o.old_resolution or o.warnings is distinct from o.old_warnings)`
    return end.n < slice ? undefined : end.last
  })

const nothing: LinkPlan["ticket"] = { assignee: null, group: null, requester: null, organization: null }

const parentOf = (id: EntityId): string | null => entity(id).parent

/** Two memberships of one person in one group (people were merged): the lowest stays. */
const mergeMembers = ({ jobId, plan }: Settling) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`
      with mine as (
        select source_id, row_number() over pair as place, first_value(source_id) over pair as winner
        from job_records where job_id = ${jobId}::uuid and entity = 'group-member' and state = 'ready'
          and resolution ->> 'excluded' is null
        window pair as (partition by resolution -> 'refs' -> ${plan.member.group}::text ->> 'sourceId',
          resolution -> 'refs' -> ${plan.member.person}::text ->> 'sourceId'
          order by length(native_id), native_id collate "C", source_id collate "C"))
      update job_records r set resolution = r.resolution || jsonb_build_object('merged', jsonb_build_object('into', m.winner))
      from mine m where r.job_id = ${jobId}::uuid and r.entity = 'group-member' and r.source_id = m.source_id and m.place > 1`
  )
