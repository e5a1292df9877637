// The numbers rows bear, and the way back from a number to a place in the corpus.
// Tickets run from 1 with a gap now and then (purged ones); people, groups and conversations have eleven digits.

const run = 97

export const ticketId = (index: number): number => index + 1 + Math.floor(index / run)

/** -1 for a number that no ticket bears. */
export const ticketIndex = (id: number): number => {
  if (!Number.isInteger(id) || id < 1) return -1
  const rest = (id - 1) % (run + 1)
  return rest === run ? -1 : Math.floor((id - 1) / (run + 1)) * run + rest
}

type Numbering = { readonly id: (index: number) => number; readonly index: (id: number) => number }

const every = (base: number, step: number): Numbering => ({
  id: (index) => base + index * step,
  index: (id) => {
    const index = (id - base) / step
    return Number.isInteger(index) && index >= 0 ? index : -1
  }
})

/** Agents and requesters share one row of numbers. */
export const personNumbers = every(21_001_000_013, 4)
export const groupNumbers = every(21_000_200_031, 7)
export const departmentNumbers = every(21_000_300_055, 3)
export const locationNumbers = every(21_000_400_012, 5)
export const roleNumbers = every(21_000_500_001, 1)
export const conversationNumbers = every(21_010_000_021, 1)
export const attachmentNumbers = every(21_090_000_007, 2)

export const assetNumbers = every(21_020_000_003, 2)
/** The running number that stands in paths and references. */
export const displayNumbers = every(1, 1)
export const assetTypeNumbers = every(21_000_855_267, 1)
export const relationshipNumbers = every(21_030_000_011, 3)
export const problemNumbers = every(1, 1)
export const changeNumbers = every(1, 1)
export const problemNoteNumbers = every(21_040_000_009, 1)
export const changeNoteNumbers = every(21_050_000_009, 1)
export const requestedItemNumbers = every(21_060_000_005, 1)

/** A person forgotten since: nobody bears this number now. */
export const ghostId = (index: number): number => 20_999_000_002 + index
