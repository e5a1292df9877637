// What the time that a job still takes is told by, or why nobody can tell it: in words for people. Pure. For Estimate.ts.
import type { EntityId } from "@bridge/domain/Entities"
import { readAsReferred } from "@bridge/domain/Jobs"
import { overrun, type StreamFacts } from "./Ahead.ts"
import type { Leg } from "./Forecast.ts"

export interface Told {
  /** Until the review, or to the end. */
  readonly review: boolean
  /** So many tickets only. */
  readonly sample: boolean
  readonly streams: ReadonlyArray<StreamFacts & { readonly entity: EntityId }>
  readonly extraction: Leg
  readonly loading: Leg
  readonly secondsLeft: number | null
}

/** While the source is read. */
export const basisOfReading = (told: Told): string =>
  told.secondsLeft === null
    ? `not known ${unread(told) ?? unwritten}`
    : `until the ${told.review ? "review" : "end"}: ${by(told.extraction)}`

/** While records are written. */
export const basisOfWriting = ({ loading, secondsLeft }: Pick<Told, "loading" | "secondsLeft">): string =>
  secondsLeft === null ? "not known before the first records are written" : `until the end: ${by(loading)}`

const by = ({ limitedBy }: Leg): string =>
  limitedBy === null ? "by the pace so far" : `by the vendor's limit "${limitedBy}"`

const unwritten = "how long writing takes"

/** Why nobody knows how long reading takes; null where it is known. */
export const unread = ({
  extraction,
  sample,
  streams
}: Pick<Told, "extraction" | "sample" | "streams">): string | null => {
  if (extraction.secondsLeft !== null) return null
  if (extraction.calls !== null) return "before the first records are read"
  const namesOf = (of: (s: Told["streams"][number]) => boolean) =>
    streams.flatMap((s) => (!s.ended && of(s) ? [s.stream] : [])).join(", ")
  const more = namesOf(overrun)
  if (more !== "") return `how much more there is of ${more}: more was read than was counted`
  const never = namesOf(({ survey }) => survey !== null && survey.rows === null)
  if (never !== "") return `how much there is of ${never}: a few calls cannot count it`
  const follows = namesOf(({ entity, survey }) => sample && survey === null && readAsReferred[entity] !== undefined)
  const waits = follows !== "" && follows === namesOf(({ survey }) => survey === null)
  return waits
    ? `before the tickets were read: ${follows} are read by what they lead to`
    : "before the source was counted"
}
