// Zendesk's limits: one bucket for the account and named ones for some operations.
// Source: Zendesk API reference, "Rate limits"; names and totals of buckets as seen in answers.
import type { Bucket } from "../Limits.ts"

export const accountTotals = {
  trial: 200,
  team: 200,
  growth: 400,
  professional: 400,
  enterprise: 700,
  enterprise_plus: 2500,
  high_volume: 2500,
  essential: 10
} as const
export type ZendeskPlan = keyof typeof accountTotals

/** Custom objects an account may have; 0: the plan has none. */
export const objectLimit = (plan: ZendeskPlan): number =>
  ({
    essential: 0,
    trial: 3,
    team: 3,
    growth: 5,
    professional: 30,
    enterprise: 50,
    enterprise_plus: 50,
    high_volume: 50
  })[plan]
export const fieldLimit = 100
export const lookupLimit = (plan: ZendeskPlan): number => (objectLimit(plan) <= 5 ? 5 : 10)

const minute = 60_000
const bucket = (name: string, total: number, windowMillis = minute): Bucket => ({ name, total, windowMillis })

export const accountBucket = (plan: ZendeskPlan): Bucket => bucket("account", accountTotals[plan])

/** Files of comments, and files no comment has yet. */
export const contentBucket = (attached: boolean): Bucket =>
  attached ? bucket("attachments-content", 2500) : bucket("unattached-uploads-content", 10)

/** The named buckets one call meets; `subject` is the record it is about. */
export const namedBuckets = (
  operation: string,
  plan: ZendeskPlan,
  subject: string,
  page: number
): ReadonlyArray<Bucket> => {
  const trial = plan === "trial"
  const high = plan === "high_volume"
  switch (operation) {
    case "tickets.list":
      if (trial || high) return [bucket("tickets-index", high ? 300 : 100)]
      return page > 500 ? [bucket("tickets-index", 50)] : []
    case "tickets.create":
      return trial ? [bucket("ticket-request-create-by-user-and-ip", 300)] : []
    case "tickets.update":
      return [
        bucket("tickets-update", high ? 300 : trial ? 20 : 100),
        bucket(`per-ticket-updates/${subject}`, 30, 10 * minute)
      ]
    case "tickets.delete":
      return [bucket("ticket-delete", 400)]
    case "deleted_tickets.list":
      return [bucket("deleted-tickets", 10)]
    case "incremental.tickets.cursor":
    case "incremental.users.cursor":
      return [bucket("incremental-exports-cursor", high ? 30 : 20)]
    case "incremental.sample":
      return [bucket("incremental-sample", 10, 20 * minute)]
    case "incremental.tickets":
    case "incremental.users":
    case "incremental.organizations":
    case "incremental.ticket_events":
      return [bucket("incremental-exports", high ? 30 : 10)]
    case "search":
      return [bucket("search-index", 2500)]
    case "search.export":
      return [bucket("search-export", 100)]
    case "ticket_fields.list":
      return trial ? [bucket("ticket-fields-index", 20)] : []
    case "users.update":
    case "users.create_or_update":
      return [bucket(`create-update-user/${subject}`, 5), bucket("create-update-user-account", 1, 1000)]
    case "organizations.update":
      return [bucket(`organization-updates/${subject}`, 5)]
    default:
      return []
  }
}

/** A bucket per record shows its name without the record. */
export const shownName = (name: string): string => name.split("/")[0] as string
