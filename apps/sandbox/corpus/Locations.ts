// Locations as a tree: towns, and buildings and rooms below them; some stand before what they are part of.
import { isoSecond } from "../Clock.ts"
import { places, random } from "../Random.ts"
import { locationNumbers, personNumbers } from "./Ids.ts"
import type { Row } from "./People.ts"
import type { Plan } from "./Plan.ts"

const towns = ["München", "תל אביב", "東京", "New York"]
const rooms = ["Building A", "Gebäude 2 <Ost>", "Floor 3 & 4", "Зал", "会議室", 'Room "Köln"', "Lager"]

/** Towns have a street; places below a town have some of it, in another order than the numbers. */
export const locationRows = (seed: number, plan: Plan, anchor: number, count: number): ReadonlyArray<Row> => {
  const created = isoSecond(anchor - 1500 * 86_400)
  const row = (index: number): Row => {
    const draw = random(seed, places.location, index)
    const town = towns[index]
    const person = town === undefined && draw.chance(0.4) ? personNumbers.id(draw.below(plan.people)) : null
    return {
      id: locationNumbers.id(index),
      name: town ?? `${draw.pick(rooms)} ${index}`,
      parent_location_id: town !== undefined ? (index === 0 ? null : locationNumbers.id(0)) : parentId(index, draw),
      primary_contact_id: person,
      contact_name: person === null ? null : "Front Desk",
      email: person === null ? null : `place${index}@acme.example`,
      phone: person === null ? null : `+49 89 ${10_000 + index}`,
      address: {
        line1: town === undefined && draw.chance(0.5) ? null : `Street ${index + 1}`,
        line2: town === undefined && draw.chance(0.3) ? "2nd floor" : null,
        city: town ?? draw.pick(towns),
        state: town === undefined && draw.chance(0.3) ? "Bayern" : null,
        country: town === undefined && draw.chance(0.6) ? "Germany" : null,
        zipcode: `${80_000 + index}`
      },
      created_at: created,
      updated_at: isoSecond(anchor - 900 * 86_400)
    }
  }
  const rows = Array.from({ length: count }, (_, index) => row(index))
  // The vendor gives no order: a room may come before its building.
  return count <= towns.length ? rows : [...rows.slice(0, 2), ...rows.slice(2).reverse()]
}

const parentId = (index: number, draw: ReturnType<typeof random>): number => locationNumbers.id(draw.below(index))
