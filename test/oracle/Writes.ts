// The destination's ledger of accepted writes, indexed: what was created how often, and what nobody can explain.
// A record that was written twice and removed again is found here and nowhere else.
import type { Write } from "./Truth.ts"

export interface Writes {
  /** How often a record of this kind was created under this key. */
  readonly creates: (kind: string, key: string) => number
  /** True for a record that was made while the ledger was kept, not before. */
  readonly made: (kind: string, id: number | string) => boolean
  /** A create that the comparison has accounted for. */
  readonly explain: (kind: string, key: string) => void
  /** All whose key begins so. */
  readonly explainAll: (kind: string, start: string) => void
  /** Creates that nothing explained, and writes other than creates. */
  readonly unexplained: () => ReadonlyArray<string>
}

/** Groups and memberships bear no external id: a name, or a pair, is their key. */
const keyOf = (kind: string, write: Write): string => {
  const { body, external_id, id } = write
  if (kind === "group") return nameKey(String(body["name"]))
  if (kind === "group_membership") return pairKey(Number(body["user_id"]), Number(body["group_id"]))
  if (kind === "organization_membership") return pairKey(Number(body["user_id"]), Number(body["organization_id"]))
  if (kind === "identity") return identityKey(Number(body["user_id"]), String(body["value"]))
  if (kind === "upload") return String(body["sha256"])
  if (kind === "custom_object") return String(body["key"] ?? id)
  if (kind === "ticket_field") return fieldKey(String(body["title"]), (body["target"] as string | null) ?? null)
  if (kind === "custom_object_field") return `${String(body["object"])}/${String(body["key"])}`
  return external_id ?? (kind === "user" ? `email ${String(body["email"]).toLowerCase()}` : `no external id, ${id}`)
}

export const nameKey = (name: string): string => name.trim().toLowerCase()
export const identityKey = (user: number, address: string): string => `${user} ${address.toLowerCase()}`
/** A field keeps no key of ours: its title, and what it leads to where it leads anywhere. */
export const fieldKey = (title: string, target: string | null): string => [title, target ?? []].flat().join(" > ")
export const pairKey = (user: number, of: number): string => `${user}/${of}`

interface Seen {
  times: number
  explained: boolean
}

export const readWrites = async (ledger: AsyncIterable<Write>): Promise<Writes> => {
  const kinds = new Map<string, Map<string, Seen>>()
  const ids = new Map<string, Set<number | string>>()
  const others: Array<string> = []
  for await (const write of ledger) {
    const [kind = "", action = ""] = write.kind.split(".")
    if (action !== "create" && action !== "import") {
      others.push(`write ${write.seq}: ${write.kind} of ${write.external_id ?? write.id}, which no approval asked for`)
      continue
    }
    const seen = setIn(kinds, kind, () => new Map<string, Seen>())
    setIn(seen, keyOf(kind, write), () => ({ times: 0, explained: false })).times++
    setIn(ids, kind, () => new Set<number | string>()).add(write.id)
  }
  return {
    creates: (kind, key) => kinds.get(kind)?.get(key)?.times ?? 0,
    made: (kind, id) => ids.get(kind)?.has(id) ?? false,
    explain: (kind, key) => {
      const seen = kinds.get(kind)?.get(key)
      if (seen !== undefined) seen.explained = true
    },
    explainAll: (kind, start) => {
      for (const [key, seen] of kinds.get(kind) ?? []) if (key.startsWith(start)) seen.explained = true
    },
    unexplained: () => [
      ...others,
      ...[...kinds].flatMap(([kind, seen]) =>
        [...seen].flatMap(([key, { explained, times }]) =>
          explained ? [] : [`${kind} ${key} was written ${times === 1 ? "" : `${times} times `}without an approval`]
        )
      )
    ]
  }
}

const setIn = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
