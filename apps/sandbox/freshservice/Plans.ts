// The limits of each Freshservice plan: one bucket for everything and narrower ones for some operations.
// Source: Freshservice, "What is the rate limit for APIs across all plans?".
import type { Bucket } from "../Limits.ts"

export const planNames = ["starter", "growth", "pro", "enterprise"] as const
export type FreshservicePlan = (typeof planNames)[number]

const minute = 60_000
const column = { starter: 0, growth: 1, pro: 2, enterprise: 3 } as const

const table = {
  overall: [100, 200, 400, 500],
  "tickets.list": [40, 70, 120, 140],
  "tickets.view": [50, 80, 140, 160],
  "tickets.create": [50, 80, 140, 160],
  "tickets.update": [50, 80, 140, 160],
  "assets.list": [40, 70, 120, 140],
  "agents.list": [40, 70, 120, 140],
  "requesters.list": [40, 70, 120, 140]
} as const

export const overall = (plan: FreshservicePlan): Bucket => bucket("overall", plan)

/** The operation's own bucket, or null when only the overall one counts. */
export const narrow = (operation: string, plan: FreshservicePlan): Bucket | null =>
  operation in table && operation !== "overall" ? bucket(operation as keyof typeof table, plan) : null

const bucket = (name: keyof typeof table, plan: FreshservicePlan): Bucket => ({
  name,
  total: table[name][column[plan]] as number,
  windowMillis: minute
})
