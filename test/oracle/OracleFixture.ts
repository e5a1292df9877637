// A small service desk, its perfect copy, and books that say so. For Oracle.test.ts, which damages them in every way there is.
import type { Claims, Records, Result } from "./Claims.ts"
import { destination, ledger } from "./CopyFixture.ts"
import { type EntityName, entityNames } from "./Findings.ts"
import { corpus, destinationFields, type Lines, sourceFields } from "./SourceFixture.ts"
import type { Corpus, Destination, Truth, Write } from "./Truth.ts"

/** Everything can be changed before the oracle looks. */
export interface Desk {
  readonly corpus: Lines<Corpus>
  readonly destination: Lines<Destination>
  readonly ledger: Array<Write>
  readonly refused: Array<{ readonly entity: string; readonly id: number }>
  readonly excluded: Record<EntityName, Map<string, string>>
  readonly failed: Record<EntityName, Map<string, string>>
  readonly results: Map<EntityName, Result>
}

const none = (): Record<EntityName, Map<string, string>> =>
  Object.fromEntries(entityNames.map((entity) => [entity, new Map()])) as Record<EntityName, Map<string, string>>

const deletedThere = "deleted at the source"

const result = (topic: number, excluded: number, loaded: number, matched: number, failed: number): Result => ({
  topic,
  archived: topic,
  dead: 0,
  excluded,
  approved: topic - excluded,
  loaded,
  matched,
  failed,
  missing: 0,
  doubled: 0,
  changed: 0,
  hashes: { topic: "t", archive: "t", approved: "a", loaded: "l" },
  differences: []
})

export const desk = (): Desk => ({
  corpus: corpus(),
  destination: destination(),
  ledger: ledger(),
  refused: [{ entity: "ticket", id: 4 }],
  excluded: {
    ...none(),
    ticket: new Map([
      ["2", deletedThere],
      ["3", "unmapped status 7"],
      ["7", "spam"]
    ]),
    comment: new Map([
      ["21", deletedThere],
      ["31", "unmapped status 7"]
    ]),
    "group-member": new Map([["201/102", "not an agent at the destination"]]),
    "asset-type": new Map([["502", "no asset of the job is of this asset-type"]]),
    asset: new Map([["6", deletedThere]]),
    relation: new Map([["703", "asset 6 is not in this job"]]),
    attachment: new Map([
      ["attachments/94", "its bytes could not be had"],
      ["asset_attachments/95", "Zendesk keeps no files with assets"],
      ["attachments/96", "spam"]
    ])
  },
  failed: {
    ...none(),
    ticket: new Map([["4", "Subject: contains a placeholder that is not allowed"]]),
    comment: new Map([["41", "its ticket failed"]]),
    attachment: new Map([["attachments/97", "its ticket failed"]])
  },
  results: new Map([
    ["ticket", result(7, 3, 3, 0, 1)],
    ["comment", result(8, 2, 5, 0, 1)],
    ["attachment", result(7, 3, 3, 0, 1)],
    ["asset-type", result(2, 1, 1, 0, 0)],
    ["asset", result(2, 1, 1, 0, 0)],
    ["problem", result(1, 0, 1, 0, 0)],
    ["change", result(1, 0, 1, 0, 0)],
    ["location", result(2, 0, 2, 0, 0)],
    ["relation", result(3, 1, 2, 0, 0)],
    ["custom-field", result(4, 4, 0, 0, 0)],
    ["person", result(5, 0, 4, 1, 0)],
    ["group", result(2, 0, 2, 0, 0)],
    ["group-member", result(2, 1, 1, 0, 0)],
    ["department", result(2, 0, 2, 0, 0)]
  ])
})

const each = async function* <A>(lines: ReadonlyArray<A>): AsyncGenerator<A> {
  yield* lines
}

export const truthOf = (desk: Desk): Truth => ({
  corpus: (entity) => each(desk.corpus[entity]),
  destination: (entity) => each(desk.destination[entity]),
  ledger: () => each(desk.ledger),
  expectedFailures: async () => desk.refused,
  definitions: async () => 3,
  relationTypes: async () => new Map([[8, "Uses / Used by"]]),
  assetNames: async (list) => new Map(list === "products" ? [[77, "ThinkPad"]] : []),
  sourceFields: async () => sourceFields,
  destinationFields: async () => destinationFields
})

/** Bridge's own count of its records agrees with the results, unless a test says otherwise. */
export const claimsOf = ({ excluded, failed, results }: Desk): Claims => {
  const records = (entity: EntityName): Records => ({
    counts: results.get(entity) ?? result(0, 0, 0, 0, 0),
    excluded: excluded[entity],
    failed: failed[entity],
    open: 0,
    hashes: { approved: "a", loaded: "l" }
  })
  return {
    results,
    records: Object.fromEntries(entityNames.map((entity) => [entity, records(entity)])) as Record<EntityName, Records>
  }
}
