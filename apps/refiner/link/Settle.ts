// Settling: references, people who are one, clashing names, children of what is left out, decided over the whole job and
// written to `job_records.resolution`. Set-based, idempotent, the same whatever came first: the lowest source id wins
// (shorter vendor ids first, then by code point: numbers in their order). Runs inside the caller's transactions.
import { type Entity, type EntityId, entities, entity } from "@bridge/domain/Entities"
import { linkFieldStart } from "@bridge/domain/Mapping"
import { isConversation } from "@bridge/domain/Records"
import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { LinkPlan } from "./Plan.ts"
import { holdToUsed } from "./Used.ts"
import { pronounce, revoke, verdictCodes, verdictKeys, verdictsOf } from "./Verdicts.ts"

/** The job that is settled. */
export interface Settling {
  readonly jobId: string
  readonly plan: LinkPlan
  /** What the job moves: references to anything else may lead to what an earlier job has loaded. */
  readonly wanted: ReadonlyArray<string>
}

type InTransaction<A> = Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>

/** Parents before their children, whatever is referred to before what refers: the order of loading. */
const steps: ReadonlyArray<Entity> = entities.toSorted((a, b) => a.loadPhase - b.loadPhase)
/** Records in one transaction: some seconds at most. */
const slice = 5000

/** Decides everything that concerns more than one record. Each transaction is complete in itself; again changes nothing. */
export const settle = <E, R>(
  settling: Settling,
  transact: <A>(body: InTransaction<A>) => Effect.Effect<A, E, R>
): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    const { jobId, plan } = settling
    const prefixes = yield* transact(earlierPrefixes(settling))
    for (const { id } of steps) if (plan.onlyUsed(id) !== null) yield* transact(holdToUsed(settling, id))
    for (const { id } of steps) {
      yield* transact(clear(jobId, id))
      const verdicts = yield* transact(verdictsOf(jobId, id, plan.options.clashSuffix))
      yield* transact(revoke(jobId, id, verdicts))
      for (let at = 0; at < verdicts.length; at += slice)
        yield* transact(pronounce(jobId, id, verdicts.slice(at, at + slice)))
      let after: string | undefined = ""
      while (after !== undefined) after = yield* transact(settleSlice(settling, id, prefixes, after))
      if (id === "group-member") yield* transact(mergeMembers(settling))
    }
  })

/** Records that have become excluded carry no decision. */
const clear = (jobId: string, id: EntityId) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update job_records set resolution = null
      where job_id = ${jobId}::uuid and entity = ${id} and state <> 'ready' and resolution is not null`
  )

/** What may stand before a vendor's id in the source ids of earlier jobs (`agents/`): only where this job does not move all. */
const earlierPrefixes = ({ jobId, wanted }: Settling) =>
  Effect.gen(function* () {
    if (entities.every(({ id }) => wanted.includes(id))) return []
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ prefix: string }>`select distinct regexp_replace(l.source_id, '[^/]*$', '') as prefix
      from jobs j join load_ledger l on l.tenant_id = j.tenant_id and l.destination_account = j.destination_account
        and l.source_account = j.source_account
      where j.id = ${jobId}::uuid`
    return rows.map((row) => row.prefix)
  })

/**
 * Settles the records after `after`; returns where to go on, undefined at the end. Every lookup goes through an index by
 * plain columns of a materialized step: row-level security keeps expressions (`->>`) away from indexes, and the planner
 * knows nothing of rows that were written a moment ago, so that joins of whole tables would seem cheap to it.
 */
const settleSlice = (settling: Settling, id: EntityId, prefixes: ReadonlyArray<string>, after: string) =>
  Effect.gen(function* () {
    const { jobId, plan, wanted } = settling
    const sql = yield* SqlClient.SqlClient
    const [end] = yield* sql<{
      last: string | null
      n: number
    }>`select max(source_id) as last, count(*)::int as n
      from (select source_id from job_records where job_id = ${jobId}::uuid and entity = ${id}
        and source_id > ${after} order by source_id limit ${slice}) as t`
    if (end === undefined || end.last === null) return undefined
    const policies = JSON.stringify(plan.policies(id))
    const { assignee, group, organization, requester } = plan.work(id)
    const outside = isConversation(id) && wanted.includes("group-member") ? plan.options.assigneeOutsideGroup : "keep"
    const another = isConversation(id) && wanted.includes("person") ? plan.options.organizationOfAnother : "keep"
    const families = entity(id).parents.filter((parent) => wanted.includes(parent))
    yield* sql`
      with mine as materialized (
        select source_id, parent_id, parent_entity, refs, resolution, warnings from job_records
        where job_id = ${jobId}::uuid and entity = ${id} and state = 'ready'
          and source_id > ${after} and source_id <= ${end.last}),
      member as materialized (
        select resolution -> 'refs' -> ${plan.member.group}::text ->> 'sourceId' as grp,
          resolution -> 'refs' -> ${plan.member.person}::text ->> 'sourceId' as person
        from job_records where job_id = ${jobId}::uuid and entity = 'group-member' and state = 'ready'
          and resolution ->> 'excluded' is null and ${outside}::text <> 'keep'),
      -- One row per reference, one without a path where a record has none.
      reference as materialized (
        select m.*, k.key as path, k.value ->> 'entity' as kind, k.value ->> 'nativeId' as native,
          coalesce(y.missing, 'drop') as missing, coalesce(y.agent, false) as agent, coalesce(y.name, false) as by_name,
          k.value ? 'inField' as in_field
        from mine m left join lateral jsonb_each(m.refs) k on true
          left join jsonb_to_recordset(${policies}::jsonb) as y(path text, missing text, agent boolean, name boolean)
            on y.path = k.key),
      -- What they refer to, each once: thousands of tickets have the same few hundred people.
      referred as materialized (
        select kind, native, by_name, array(select e || native from unnest(${prefixes}::text[]) e
          where not (kind = any(${wanted}::text[]))) as earlier
        from (select distinct kind, native, by_name from reference where path is not null) as d),
      hit as materialized (
        select f.kind, f.native, f.by_name, t.target from referred f left join lateral (
          select coalesce(x.resolution -> 'merged' ->> 'into', x.source_id) as target from job_records x
          where x.job_id = ${jobId}::uuid and x.entity = f.kind and x.native_id = f.native
            and (f.by_name or (x.state = 'ready' and x.resolution ->> 'excluded' is null))
          union all
          select l.source_id from jobs j join load_ledger l on l.tenant_id = j.tenant_id
            and l.destination_account = j.destination_account and l.source_account = j.source_account
            and l.entity = f.kind and l.source_id = any(f.earlier)
          where j.id = ${jobId}::uuid and l.state in ('created', 'matched', 'updated') and l.destination_id is not null
          order by 1 limit 1) t on true),
      target as materialized (
        select h.*, w.title, w.source_id is null
          or coalesce(w.resolution -> 'set' ->> 'role', w.status, '') in ('agent', 'admin') as can,
          w.resolution -> 'refs' -> ${plan.kind}::text ->> 'sourceId' as of_kind
        from hit h left join lateral (select source_id, title, status, resolution from job_records w
          where w.job_id = ${jobId}::uuid and w.entity = h.kind and w.source_id = h.target offset 0) w on true),
      named as materialized (
        select r.*, t.target, t.title, t.of_kind, r.in_field and not (r.kind = any(${wanted}::text[])) as aside,
          t.target is not null and (not r.agent or t.can) and (not r.in_field or t.of_kind is not null) as good
        from reference r left join target t on t.kind = r.kind and t.native = r.native and t.by_name = r.by_name),
      linked as materialized (
        select source_id, min(parent_id) as parent_id, min(parent_entity) as parent_entity, (array_agg(refs))[1] as refs,
          (array_agg(resolution))[1] as resolution, (array_agg(warnings))[1] as warnings,
          coalesce(jsonb_object_agg(path, case when good and by_name then jsonb_build_object('entity', kind, 'name', coalesce(title, native))
            when good and in_field then jsonb_build_object('entity', kind, 'sourceId', target, 'field', ${linkFieldStart}::text || of_kind)
            when good then jsonb_build_object('entity', kind, 'sourceId', target)
            else jsonb_build_object('entity', kind, 'missing', native, 'use', missing) end)
            filter (where path is not null), '{}') as found,
          coalesce(jsonb_agg(jsonb_build_object('field', path, 'settled', true,
            'code', case when target is null or in_field then 'reference-missing' else 'not-an-agent' end,
            'message', case when native = '' then 'no ' || kind || ' is given'
              when target is null then kind || ' ' || native || ' is not in this job'
              when in_field then 'the type of ' || kind || ' ' || native || ' is not in this job'
              else title || ' (' || target || ') is not an agent at the destination' end
              || case missing when 'placeholder' then ': the stand-in takes the place' when 'drop' then ': left out'
                else '' end) order by path) filter (where path is not null and not good and not aside), '[]') as notes,
          coalesce(bool_or(in_field and good), false) as linked,
          min(case when native = '' then 'no ' || kind when target is null then kind || ' ' || native || ' is not in this job'
            else kind || ' ' || native || ' is not an agent at the destination' end)
            filter (where path is not null and not good and missing = 'fail') as failed,
          min(target) filter (where good and path = ${assignee}::text) as assignee,
          min(title) filter (where good and path = ${assignee}::text) as assignee_name,
          min(target) filter (where good and path = ${group}::text) as grp,
          min(title) filter (where good and path = ${group}::text) as grp_name,
          min(target) filter (where good and path = ${requester}::text) as requester,
          min(target) filter (where good and path = ${organization}::text) as organization,
          min(title) filter (where good and path = ${organization}::text) as organization_name
        from named group by source_id),
      judged as materialized (
        select l.*, case when ${outside}::text = 'keep' or l.assignee is null or l.grp is null
              or (l.grp, l.assignee) in (select grp, person from member) then null
            when ${outside}::text = 'drop-group' then ${group}::text else ${assignee}::text end as stranger,
          case when ${another}::text <> 'keep' and l.organization is not null and l.organization is distinct from (
              select q.resolution -> 'refs' -> ${plan.personOrganization}::text ->> 'sourceId' from job_records q
              where q.job_id = ${jobId}::uuid and q.entity = 'person' and q.source_id = l.requester)
            then ${organization}::text end as foreigner,
          case when l.parent_entity = any(${families}::text[]) then coalesce((
            select case when p.state <> 'ready' then 'its ' || l.parent_entity || ' is left out: ' || coalesce(p.reason, p.state)
              when p.resolution ->> 'excluded' is not null
                then 'its ' || l.parent_entity || ' is left out: ' || (p.resolution ->> 'excluded') else '' end
            from job_records p where p.job_id = ${jobId}::uuid and p.entity = l.parent_entity and p.source_id = l.parent_id),
            'its ' || l.parent_entity || ' is not in this job') end as orphaned
        from linked l),
      -- A field holds one record: of several of one kind the first, in the order of their places. Asked of those alone that have any.
      spared as materialized (
        select j.*, case when j.linked then (
          select jsonb_build_object(
            'refs', jsonb_object_agg(x.key, jsonb_build_object('entity', x.value ->> 'entity', 'missing', j.refs -> x.key ->> 'nativeId',
              'use', 'drop')),
            'notes', jsonb_agg(jsonb_build_object('field', x.key, 'settled', true, 'code', 'one-of-a-kind', 'message',
              (x.value ->> 'entity') || ' ' || (j.refs -> x.key ->> 'nativeId') || ' is a further one of its kind: left out of the field, '
              || 'which holds one, and named in the note') order by length(x.key), x.key))
          from (select key, value, row_number() over (partition by value ->> 'field' order by length(key), key) as place
            from jsonb_each(j.found) where value ? 'field') x where x.place > 1) end as spare
        from judged j),
      outcome as materialized (
        select source_id, resolution as old_resolution, warnings as old_warnings,
          nullif(jsonb_strip_nulls(jsonb_build_object('excluded', coalesce(nullif(orphaned, ''), failed), 'refs', nullif(found
            || coalesce(nullif(spare -> 'refs', 'null'), '{}')
            || case when stranger is null or ${outside}::text = 'add-member' then '{}' else jsonb_build_object(stranger, jsonb_build_object(
              'entity', refs -> stranger ->> 'entity', 'missing', refs -> stranger ->> 'nativeId', 'use', 'drop')) end
            || case when foreigner is null or ${another}::text = 'add-member' then '{}' else jsonb_build_object(foreigner, jsonb_build_object(
              'entity', refs -> foreigner ->> 'entity', 'missing', refs -> foreigner ->> 'nativeId', 'use', 'drop')) end, '{}'))
            || coalesce((select jsonb_object_agg(key, value) from jsonb_each(coalesce(resolution, '{}'))
              where key = any(${verdictKeys}::text[]) and ${id !== "group-member"}::boolean), '{}')), '{}') as resolution,
          nullif(coalesce((select jsonb_agg(w order by w ? 'settled', n) from jsonb_array_elements(coalesce(warnings, '[]'))
            with ordinality as o(w, n) where not (w ? 'settled') or w ->> 'code' = any(${verdictCodes}::text[])), '[]') || notes || coalesce(nullif(spare -> 'notes', 'null'), '[]')
            || case when stranger is null then '[]' else jsonb_build_array(jsonb_build_object('field', stranger,
              'settled', true, 'code', case ${outside}::text when 'add-member' then 'member-added' else 'not-a-member' end,
              'message', coalesce(assignee_name, '') || ' (' || assignee || ') is not a member of '
              || coalesce(grp_name, grp) || ': ' || case ${outside}::text when 'drop-group' then 'the group is left out'
                when 'add-member' then 'made one there' else 'the assignee is left out' end)) end
            || case when foreigner is null then '[]' else jsonb_build_array(jsonb_build_object('field', foreigner,
              'settled', true, 'code', case ${another}::text when 'add-member' then 'organization-added'
                else 'organization-of-another' end,
              'message', coalesce(organization_name, organization) || ' is not the organization of the requester: '
              || case ${another}::text when 'add-member' then 'made a further one of it there' else 'left out' end)) end, '[]') as warnings
        from spared)
      update job_records r set resolution = o.resolution, warnings = o.warnings, updated_at = now()
      from outcome o where r.job_id = ${jobId}::uuid and r.entity = ${id} and r.source_id = o.source_id
        and r.source_id > ${after} and r.source_id <= ${end.last}
        and (o.resolution is distinct from o.old_resolution or o.warnings is distinct from o.old_warnings)`
    return end.n < slice ? undefined : end.last
  })

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
