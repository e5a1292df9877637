// What the options of a mapping say about people: inactive agents, people without an address, further addresses. Pure.
// For Compile.ts. What does not belong here: two people with one address (link/).
import type { MappingOptions } from "@bridge/domain/Mapping"
import type { Draft, Writer } from "./Draft.ts"
import { reader } from "./Read.ts"

const kindOf = reader("person_kind")
const otherEmails = reader("other_emails")
const departments = reader("departments")

/** Runs after the field rules of a person. */
export const personWriter =
  (options: MappingOptions): Writer =>
  (draft) => {
    const kind = kindOf(draft.record)
    if (kind === "inactive-agent" && options.inactiveAgents === "placeholder") return "inactive agent"
    const excluded = draft.body.email === undefined ? withoutEmail(options, draft) : null
    if (excluded !== null) return excluded
    if (kind === "inactive-agent") warn(draft, "agent-inactive", "role", "inactive agent: becomes an end user")
    further(draft)
    return null
  }

const warn = (draft: Draft, code: string, field: string, message: string): void => {
  draft.warnings.push({ code, field, message })
}

const withoutEmail = (options: MappingOptions, draft: Draft): string | null => {
  if (options.withoutEmail === "exclude") return "no e-mail address"
  if (options.withoutEmail === "synthetic") {
    // `.invalid` never resolves (RFC 2606): no mail can be sent there.
    draft.body.email = `${draft.record.native_id.replace(/[^\w.-]/gu, "-")}@no-address.invalid`
    warn(draft, "no-email", "email", "no e-mail address: one that does not exist stands in")
    return null
  }
  warn(draft, "no-email", "email", "no e-mail address: created without one")
  // An agent signs in with an address. Source: Zendesk API, "Users".
  if (draft.body.role !== undefined && draft.body.role !== "end-user") {
    draft.body.role = "end-user"
    warn(draft, "agent-without-email", "role", "an agent needs an e-mail address: becomes an end user")
  }
  return null
}

const further = (draft: Draft): void => {
  const others = otherEmails(draft.record)
  if (Array.isArray(others) && others.length > 0) {
    const written = draft.body.identities !== undefined
    warn(
      draft,
      "other-emails",
      "other_emails",
      `further addresses${written ? "" : ", not moved"}: ${others.join(", ")}`
    )
  }
  const all = departments(draft.record)
  if (Array.isArray(all) && all.length > 1)
    warn(
      draft,
      "several-departments",
      "departments",
      `belongs to the first of ${all.length} departments: ${all.join(", ")}`
    )
}
