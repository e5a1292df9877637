// Which member of a consumer group reads which partition: each keeps what it holds as far as balance allows.
// What does not belong here: what a member does with its partitions (libs/flow).
import kafkajs, { type PartitionAssigner } from "kafkajs"
import type { Owned } from "./Broker.ts"

/** A member as the leader of the group sees it. */
export interface Member {
  readonly id: string
  readonly topics: ReadonlyArray<string>
  /** What it held before this round, in its own words. */
  readonly owned: Owned
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

type Given = Record<string, Array<number>>

/**
 * Every partition goes to exactly one member that reads its topic. Members that read the same topics differ by at most one
 * partition, and nobody loses a partition that balance would let it keep.
 */
export const assignSticky = (
  members: ReadonlyArray<Member>,
  partitions: ReadonlyArray<TopicPartition>
): ReadonlyMap<string, Owned> => {
  const held = (member: Member) => Object.values(member.owned).reduce((n, list) => n + list.length, 0)
  const order = [...members].sort((a, b) => held(b) - held(a) || (a.id < b.id ? -1 : 1))
  const share = Math.floor(partitions.length / Math.max(1, order.length))
  const extra = partitions.length % Math.max(1, order.length)
  const seats = order.map((member, index) => ({
    member,
    quota: share + (index < extra ? 1 : 0),
    count: 0,
    given: Object.create(null) as Given
  }))
  const give = (seat: (typeof seats)[number], { topic, partition }: TopicPartition) => {
    seat.given[topic] = [...(seat.given[topic] ?? []), partition]
    seat.count++
  }
  const reads = (seat: (typeof seats)[number], topic: string) => seat.member.topics.includes(topic)
  const rest = partitions.filter((tp) => {
    const keeper = seats.find(
      (seat) => seat.count < seat.quota && reads(seat, tp.topic) && seat.member.owned[tp.topic]?.includes(tp.partition)
    )
    if (keeper !== undefined) give(keeper, tp)
    return keeper === undefined
  })
  for (const tp of rest) {
    const readers = seats.filter((seat) => reads(seat, tp.topic))
    const free = readers.filter((seat) => seat.count < seat.quota)
    const least = (free.length > 0 ? free : readers).toSorted((a, b) => a.count - b.count)[0]
    if (least !== undefined) give(least, tp)
  }
  const tidy = (given: Given): Owned =>
    Object.fromEntries(Object.entries(given).map(([topic, list]) => [topic, list.toSorted((a, b) => a - b)]))
  return new Map(seats.map((seat) => [seat.member.id, tidy(seat.given)]))
}

/** What a member said it holds. Damaged words mean less stickiness, never a wrong assignment. */
export const decodeOwned = (text: string): Owned => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== "object" || value === null) return {}
    return Object.fromEntries(
      Object.entries(value).flatMap(([topic, list]) =>
        Array.isArray(list) ? [[topic, list.filter(Number.isInteger)]] : []
      )
    )
  } catch {
    return {}
  }
}

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol
const name = "bridge-sticky"

/** `joining` is called once for every attempt to join and tells what the member holds at that moment. */
export const stickyAssigner =
  (joining: () => Owned): PartitionAssigner =>
  ({ cluster }) => ({
    name,
    version: 1,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({ version: 1, topics, userData: Buffer.from(JSON.stringify(joining())) })
    }),
    assign: async ({ members, topics }) => {
      const partitions = topics.flatMap((topic) =>
        cluster.findTopicPartitionMetadata(topic).map((found) => ({ topic, partition: found.partitionId }))
      )
      const known = members.map((member) => {
        const said = MemberMetadata.decode(member.memberMetadata)
        return {
          id: member.memberId,
          topics: said?.topics ?? topics,
          owned: decodeOwned(said?.userData.toString() ?? "")
        }
      })
      return [...assignSticky(known, partitions)].map(([memberId, owned]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: 1,
          assignment: writable(owned),
          userData: Buffer.alloc(0)
        })
      }))
    }
  })

const writable = (owned: Owned): Given =>
  Object.fromEntries(Object.entries(owned).map(([topic, list]) => [topic, [...list]]))
