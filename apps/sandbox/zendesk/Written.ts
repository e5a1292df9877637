// One line of the ledger for what a Zendesk call has written. For the routes that write.
// What does not belong here: what the body says (each route), the ledger itself (Ledger.ts).
import type { Context } from "./Context.ts"

/** `kind`: what was written and how (`ticket.import`, `upload.create`); `job`: the vendor job that did it. */
export const written = (
  { account, call }: Context,
  kind: string,
  id: number | string,
  body: Readonly<Record<string, unknown>>,
  { externalId = null, job = null }: { readonly externalId?: string | null; readonly job?: string | null } = {}
): void =>
  account.ledger.write({
    vendor: "zendesk",
    account: account.options.subdomain,
    kind,
    id,
    external_id: externalId,
    job_id: job,
    request_id: call.requestId,
    body
  })
