// The account itself, its brands and statuses, and the background jobs it runs.
import { json, type Reply } from "../Reply.ts"
import { type Context, type Route, route } from "./Context.ts"
import { recordNotFound } from "./Errors.ts"
import { jobRow } from "./Jobs.ts"

const settings = ({ account }: Context): Reply =>
  json(200, {
    settings: {
      api: { accepted_api_agreement: true, api_password_access: "false", api_token_access: "true" },
      tickets: {
        agent_ticket_deletion: true,
        list_newest_comments_first: true,
        collaboration: true,
        private_attachments: account.options.privateAttachments
      },
      active_features: { csat: false, on_hold_status: true, bulk_user_import: account.options.bulkUsers },
      users: { tagging: true, time_zone_selection: true },
      limits: { attachment_size: account.options.uploadBytes },
      statistics: {}
    }
  })

const shownAccount = ({ account }: Context): Reply =>
  json(200, {
    account: {
      url: `https://${account.host}`,
      name: `${account.options.subdomain} support`,
      sandbox: false,
      subdomain: account.options.subdomain,
      time_format: 24,
      time_zone: "Berlin",
      owner_id: account.owner.id,
      multiproduct: true
    }
  })

const brands = ({ account }: Context): Reply =>
  json(200, {
    brands: [
      {
        id: account.brandId,
        url: `https://${account.host}/api/v2/brands/${account.brandId}.json`,
        name: account.options.subdomain,
        brand_url: `https://${account.host}`,
        subdomain: account.options.subdomain,
        active: true,
        default: true
      }
    ],
    next_page: null,
    previous_page: null,
    count: 1
  })

const statusRows = [
  ["new", "New"],
  ["open", "Open"],
  ["pending", "Pending"],
  ["hold", "On-hold"],
  ["solved", "Solved"]
].map(([status_category, agent_label], index) => ({
  id: 360_009_000_001 + index,
  status_category,
  agent_label,
  active: true,
  default: true
}))

const jobStatus = (context: Context): Reply => {
  const { account, call } = context
  const job = account.jobs.find(decodeURIComponent(/job_statuses\/([^/]+?)(?:\.json)?\/?$/.exec(call.path)?.[1] ?? ""))
  if (job === undefined) return recordNotFound()
  job.polls++
  return json(200, { job_status: jobRow(account.host, job, account.jobs.state(job)) })
}

const jobList = ({ account }: Context): Reply => {
  const rows = account.jobs.recent().map((job) => jobRow(account.host, job, account.jobs.state(job)))
  return json(200, { job_statuses: rows, next_page: null, previous_page: null, count: rows.length })
}

const jobsShown = ({ account, call }: Context): Reply => {
  const found = (call.query.get("ids") ?? "")
    .split(",")
    .map((id) => account.jobs.find(id.trim()))
    .filter((job) => job !== undefined)
  for (const job of found) job.polls++
  return json(200, {
    job_statuses: found.map((job) => jobRow(account.host, job, account.jobs.state(job))),
    next_page: null,
    previous_page: null,
    count: found.length
  })
}

const none = (key: string) => (): Reply => json(200, { [key]: [], next_page: null, previous_page: null, count: 0 })

export const settingRoutes: ReadonlyArray<Route> = [
  route("GET", "account.settings", "account/settings", settings),
  route("GET", "account.view", "account", shownAccount),
  route("GET", "ticket_forms.list", "ticket_forms", none("ticket_forms")),
  route("GET", "brands.list", "brands", brands),
  route("GET", "custom_statuses.list", "custom_statuses", () => json(200, { custom_statuses: statusRows })),
  route("GET", "job_statuses.list", "job_statuses", jobList),
  route("GET", "job_statuses.show_many", "job_statuses/show_many", jobsShown),
  route("GET", "job_statuses.view", "job_statuses/[^/]+?", jobStatus),
  route("GET", "suspended_tickets.list", "suspended_tickets", none("suspended_tickets"))
]
