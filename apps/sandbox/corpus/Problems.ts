// Problems and changes with their notes. A problem names the change that ends it, tickets name both (Links.ts).
import { isoSecond } from "../Clock.ts"
import { places, type Random, random } from "../Random.ts"
import {
  changeNoteNumbers,
  changeNumbers,
  departmentNumbers,
  displayNumbers,
  ghostId,
  groupNumbers,
  personNumbers,
  problemNoteNumbers,
  problemNumbers
} from "./Ids.ts"
import type { Row } from "./People.ts"
import type { Plan } from "./Plan.ts"
import { body } from "./Text.ts"
import { categories } from "./Words.ts"

const day = 86_400

export type Matters = {
  readonly count: number
  /** -1 for a number that none bears. */
  readonly index: (id: number) => number
  readonly updated: (index: number) => number
  readonly created: (index: number) => number
  readonly listRow: (index: number) => Row
  readonly detailRow: (index: number) => Row
  readonly notes: (index: number) => ReadonlyArray<Row>
}

type Sources = {
  readonly seed: number
  readonly plan: Plan
  readonly anchor: number
  readonly count: number
  /** How many assets there are to speak of. */
  readonly assets: number
  readonly changes: number
}

// biome-ignore format: one list, many scripts
const problemWords: ReadonlyArray<string> = [
  "Mail queue grows every night", "Login loop after the update", "Drucker verliert die Verbindung", "Файлы не открываются", "プリンタが止まる",
  "Memory leak in <portal> & shop", "ملفات مفقودة", "Wi-Fi drops at 14:00", "Duplicate invoices \"again\"", "Slow VPN \u{1F422}"
]
// biome-ignore format: one list, many scripts
const changeWords: ReadonlyArray<string> = [
  "Upgrade the mail server", "Neue Firewall-Regeln", "Replace switches on floor 3", "Обновление базы данных", "サーバー更新",
  "Rotate certificates & keys", "Move <intranet> to the cloud", "Patchday \u{1F6E0}\uFE0F"
]

const made = (place: number, share: number) => (sources: Sources, index: number) => {
  const draw = random(sources.seed, place, index)
  const fraction = (index + draw.next()) / Math.max(1, sources.count)
  // The last ones are days old, the first ones years.
  const created = sources.anchor - 7200 - Math.floor((1 - fraction) ** share * 1200 * day)
  return { draw, created, updated: Math.min(sources.anchor - 60, created + draw.below(60 * day)) }
}

const person = (draw: Random, chance: number, count: number): number | null =>
  draw.chance(chance) && count > 0 ? personNumbers.id(draw.below(count)) : null

const common = (sources: Sources, draw: Random, index: number): Row => {
  const { plan, assets } = sources
  const text = body(draw, index % 31 === 7 ? 66_000 : 0)
  const [category, seconds] = draw.pick(categories)
  const second = seconds.length > 0 && draw.chance(0.6) ? draw.pick(seconds) : null
  return {
    workspace_id: 2,
    agent_id: person(draw, 0.8, plan.agents),
    requester_id: personNumbers.id(draw.below(plan.people)),
    group_id: draw.chance(0.7) ? groupNumbers.id(draw.below(plan.groups)) : null,
    department_id: draw.chance(0.4) ? departmentNumbers.id(draw.below(plan.departments)) : null,
    description: draw.chance(0.04) ? "" : text.html,
    description_text: text.text,
    priority: draw.between(1, 4),
    impact: draw.between(1, 3),
    category: draw.chance(0.3) ? null : category,
    sub_category: second?.[0] ?? null,
    item_category: second?.[1][0] ?? null,
    assets: assetRefs(draw, assets)
  }
}

const assetRefs = (draw: Random, assets: number): ReadonlyArray<Row> =>
  assets === 0
    ? []
    : [...new Set(Array.from({ length: draw.below(3) }, () => draw.below(assets)))].map((index) => ({
        display_id: displayNumbers.id(index)
      }))

const noteRows = (
  sources: Sources,
  kind: number,
  index: number,
  [created, updated]: readonly [number, number],
  id: (serial: number) => number
): ReadonlyArray<Row> => {
  const { seed, plan } = sources
  const count = random(seed, places.note, kind + index).below(6)
  return Array.from({ length: count }, (_, k) => {
    const draw = random(seed, places.note, kind + 0x100_0000 + index * 8 + k)
    const text = draw.chance(0.03) ? { html: "", text: "" } : body(draw)
    const at = isoSecond(created + Math.floor(((updated - created) * (k + 1)) / (count + 1)))
    return {
      id: id(index * 8 + k),
      created_at: at,
      updated_at: at,
      body: text.html,
      body_text: text.text,
      user_id: draw.chance(0.05) ? ghostId(k) : personNumbers.id(draw.below(plan.agents)),
      notify_emails: []
    }
  })
}

export const makeProblems = (sources: Sources): Matters => {
  const { count, changes } = sources
  const when = made(places.problem, 1)
  const listRow = (index: number): Row => {
    const { draw, created, updated } = when(sources, index)
    const rest = common(sources, draw, index)
    return {
      id: problemNumbers.id(index),
      ...rest,
      subject: draw.pick(problemWords),
      status: draw.between(1, 3),
      due_by: isoSecond(created + 10 * day),
      known_error: draw.chance(0.3),
      planned_start_date: null,
      planned_end_date: null,
      planned_effort: null,
      created_at: isoSecond(created),
      updated_at: isoSecond(updated)
    }
  }
  return {
    count,
    index: (id) => (problemNumbers.index(id) < count ? problemNumbers.index(id) : -1),
    created: (index) => when(sources, index).created,
    updated: (index) => when(sources, index).updated,
    listRow,
    detailRow: (index) => {
      const draw = random(sources.seed, places.problem, index + 0x4000_0000)
      const filled = (words: string): string | null => (draw.chance(0.6) ? `<div>${words}</div>` : null)
      return {
        ...listRow(index),
        custom_fields: { root_cause_code: draw.chance(0.7) ? draw.pick(["Human", "Hardware", "Änderung"]) : null },
        analysis_fields: {
          problem_cause: filled("Cache &amp; queue"),
          problem_impact: filled("Nobody can work"),
          problem_symptom: filled("Slow pages")
        },
        associated_change: changes > 0 && draw.chance(0.4) ? changeNumbers.id(draw.below(changes)) : null
      }
    },
    notes: (index) => {
      const { created, updated } = when(sources, index)
      return noteRows(sources, 0, index, [created, updated], problemNoteNumbers.id)
    }
  }
}

export const makeChanges = (sources: Sources): Matters => {
  const { count } = sources
  const when = made(places.change, 1.5)
  const listRow = (index: number): Row => {
    const { draw, created, updated } = when(sources, index)
    const rest = common(sources, draw, index)
    const planned = draw.chance(0.7)
    return {
      id: changeNumbers.id(index),
      ...rest,
      subject: draw.pick(changeWords),
      status: draw.between(1, 6),
      risk: draw.between(1, 4),
      change_type: draw.between(1, 4),
      planned_start_date: planned ? isoSecond(created + 3 * day) : null,
      planned_end_date: planned ? isoSecond(created + 3 * day + 7200) : null,
      planned_effort: null,
      approval_status: 4,
      change_window_id: null,
      maintenance_window: {},
      blackout_window: {},
      impacted_services: [],
      created_at: isoSecond(created),
      updated_at: isoSecond(updated)
    }
  }
  return {
    count,
    index: (id) => (changeNumbers.index(id) < count ? changeNumbers.index(id) : -1),
    created: (index) => when(sources, index).created,
    updated: (index) => when(sources, index).updated,
    listRow,
    detailRow: (index) => {
      const draw = random(sources.seed, places.change, index + 0x4000_0000)
      const plan = (words: string): Row | null =>
        draw.chance(0.6) ? { description: `<div>${words}</div>`, description_text: words } : null
      return {
        ...listRow(index),
        custom_fields: { downtime_minutes: draw.chance(0.6) ? draw.between(0, 240) : null },
        planning_fields: {
          reason_for_change: plan("It is old"),
          change_impact: plan("Ten minutes without mail"),
          rollout_plan: plan("First one, then all"),
          backout_plan: plan("Restore the image"),
          custom_fields: {}
        }
      }
    },
    notes: (index) => {
      const { created, updated } = when(sources, index)
      return noteRows(sources, 0x4000_0000, index, [created, updated], changeNoteNumbers.id)
    }
  }
}
