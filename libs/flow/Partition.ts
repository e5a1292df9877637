// Which partition a tenant's records go to: murmur2 of the tenant id, as the Java client hashes keys. For everyone who
// produces. What does not belong here: any other way to choose; the partition comes from the tenant id, always.
import { Config, Context, Effect, Layer } from "effect"
import { cutSteps } from "./Cuts.ts"
import { topics } from "./Flow.ts"

/** murmur2 with Kafka's seed over the UTF-8 bytes, as a signed 32-bit integer. */
export const murmur2 = (data: Uint8Array): number => {
  const m = 0x5bd1e995
  const length = data.length
  let h = 0x9747b28c ^ length
  const words = length >> 2
  for (let i = 0; i < words; i++) {
    const at = i * 4
    let k =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const tail = words * 4
  const rest = length & 3
  if (rest === 3) h ^= (data[tail + 2] as number) << 16
  if (rest >= 2) h ^= (data[tail + 1] as number) << 8
  if (rest >= 1) {
    h ^= data[tail] as number
    h = Math.imul(h, m)
  }
  h ^= h >>> 13
  h = Math.imul(h, m)
  h ^= h >>> 15
  return h | 0
}

/** The partition of a tenant in a topic of `partitions` partitions. */
export const partitionOf = (tenantId: string, partitions: number): number =>
  (murmur2(Buffer.from(tenantId, "utf8")) & 0x7fffffff) % partitions

/** True on one machine: every topic has 6 partitions. BRIDGE_TOPOLOGY `embedded` (default) or `full`; never changed later. */
export const embedded = Config.Literals(["embedded", "full"], "BRIDGE_TOPOLOGY").pipe(
  Config.withDefault("embedded" as const),
  Config.map((topology) => topology === "embedded")
)

/** The partition of a tenant in a topic of the map. Dies on a topic that is not in the map. */
export class Partitions extends Context.Service<
  Partitions,
  { readonly of: (topic: string, tenantId: string) => number }
>()("bridge/flow/Partitions") {
  static readonly layer = Layer.effect(
    Partitions,
    Effect.map(embedded, (small) => Partitions.of({ of: placement(small) }))
  )
}

export function placement(small: boolean): (topic: string, tenantId: string) => number {
  const counts = new Map(topics(small, cutSteps).map((t) => [t.name, t.partitions]))
  const known = new Map<string, number>()
  return (topic, tenantId) => {
    const count = counts.get(topic)
    if (count === undefined) throw new Error(`${topic} is not in the map (libs/flow/Flow.ts)`)
    const id = `${count}/${tenantId}`
    const before = known.get(id)
    if (before !== undefined) return before
    const partition = partitionOf(tenantId, count)
    if (known.size > 10_000) known.clear()
    known.set(id, partition)
    return partition
  }
}
