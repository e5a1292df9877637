// How much there is beside tickets and people: files, assets, problems, changes, places. In scale with the tickets,
// unless said otherwise; nothing at all leaves every other row as it would be without.

export type Growth = {
  readonly attachments: number
  readonly assets: number
  readonly problems: number
  readonly changes: number
  readonly locations: number
  readonly relationships: number
}

/** What may be asked for; absent: in scale with the tickets. */
export type GrowthOptions = {
  readonly attachments?: number
  readonly assets?: number
  readonly problems?: number
  readonly changes?: number
  /** false: none of it, and four locations. */
  readonly growth?: boolean
}

const fewLocations = 4

/** At 2,000 tickets: 300 attachments, 200 assets, 50 problems, 50 changes, 24 locations. */
export const growthOf = (tickets: number, asked: GrowthOptions): Growth => {
  const scaled = (given: number | undefined, perTicket: number): number =>
    tickets === 0 ? 0 : (given ?? (asked.growth === false ? 0 : Math.round(tickets * perTicket)))
  const assets = scaled(asked.assets, 0.1)
  return {
    attachments: scaled(asked.attachments, 0.15),
    assets,
    problems: scaled(asked.problems, 0.025),
    changes: scaled(asked.changes, 0.025),
    locations: asked.growth === false ? fewLocations : fewLocations + Math.min(60, Math.round(tickets / 100)),
    relationships: Math.floor(assets * 0.6)
  }
}
