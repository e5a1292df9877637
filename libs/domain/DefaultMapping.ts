// Which default mapping belongs to a pair of vendors. For the api, which stores a copy of it for every tenant that asks.
import type { Mapping } from "./Mapping.ts"
import { freshserviceToZendesk } from "./mappings/FreshserviceToZendesk.ts"

const mappings: ReadonlyArray<Mapping> = [freshserviceToZendesk]

/** The mapping a job between the two starts with; undefined where there is none and a tenant must write its own. */
export const defaultMapping = (source: string, destination: string): Mapping | undefined =>
  mappings.find((m) => m.source === source && m.destination === destination)
