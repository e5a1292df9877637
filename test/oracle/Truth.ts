// What really is: the source's corpus, the destination's records, its ledger of accepted writes, and both sides' fields.
// Read from the sandbox's administration; nothing here comes from Bridge.
import { json, lines } from "./Lines.ts"
import type {
  RequestedItem,
  SourceAsset,
  SourceAssetType,
  SourceFile,
  SourceLocation,
  SourceMatter,
  SourceNote,
  SourceRelation
} from "./SourceRows.ts"

export interface SourceTicket {
  readonly id: number
  readonly subject: string | null
  readonly description: string | null
  readonly description_text: string | null
  readonly type: string
  readonly status: number
  readonly priority: number
  readonly urgency?: number | null
  readonly impact?: number | null
  readonly source: number
  readonly requester_id: number
  readonly responder_id: number | null
  readonly group_id: number | null
  readonly department_id: number | null
  readonly category: string | null
  readonly sub_category: string | null
  readonly item_category: string | null
  readonly tags?: ReadonlyArray<string> | null
  readonly cc_emails?: ReadonlyArray<string> | null
  readonly custom_fields: Readonly<Record<string, unknown>> | null
  readonly deleted: boolean
  readonly spam: boolean
  readonly created_at: string
  readonly updated_at: string
}

export interface SourceComment {
  readonly id: number
  readonly user_id: number
  readonly body: string | null
  readonly body_text: string | null
  readonly private: boolean
  readonly created_at: string
}

export interface SourcePerson {
  readonly id: number
  readonly first_name: string | null
  readonly last_name: string | null
  readonly primary_email?: string | null
  readonly email?: string | null
  readonly secondary_emails?: ReadonlyArray<string> | null
  readonly work_phone_number: string | null
  readonly mobile_phone_number: string | null
  readonly job_title: string | null
  readonly background_information: string | null
  readonly vip_user: boolean
  readonly department_ids: ReadonlyArray<number> | null
  readonly active: boolean
}

export interface SourceGroup {
  readonly id: number
  readonly name: string
  readonly description: string | null
}

export interface SourceDepartment {
  readonly id: number
  readonly name: string
  readonly description: string | null
  readonly domains: ReadonlyArray<string> | null
}

export interface Corpus {
  readonly ticket: {
    readonly id: number
    readonly row: SourceTicket
    readonly conversations: ReadonlyArray<SourceComment>
    readonly requested_items?: ReadonlyArray<RequestedItem>
    readonly problem_id?: number | null
    readonly change_id?: number | null
    readonly asset_display_ids?: ReadonlyArray<number>
    readonly parent_id?: number | null
  }
  readonly problem: { readonly id: number; readonly row: SourceMatter; readonly notes: ReadonlyArray<SourceNote> }
  readonly change: { readonly id: number; readonly row: SourceMatter; readonly notes: ReadonlyArray<SourceNote> }
  readonly "asset-type": {
    readonly id: number
    readonly row: SourceAssetType
    /** Those it inherits too, in sections. */
    readonly fields: ReadonlyArray<{ readonly fields: ReadonlyArray<{ readonly id: number }> }>
  }
  readonly asset: { readonly id: number; readonly row: SourceAsset; readonly trashed: boolean }
  readonly relation: { readonly id: number; readonly row: SourceRelation }
  readonly location: { readonly id: number; readonly row: SourceLocation }
  readonly attachment: SourceFile
  readonly person: { readonly id: number; readonly kind: "agent" | "requester"; readonly row: SourcePerson }
  readonly group: { readonly id: number; readonly row: SourceGroup }
  readonly "group-member": { readonly group_id: number; readonly agent_id: number }
  readonly department: { readonly id: number; readonly row: SourceDepartment }
}

export interface FoundComment {
  readonly id: number
  readonly author_id: number
  readonly html_body: string
  readonly plain_body: string
  readonly public: boolean
  readonly created_at: string
  readonly attachments?: ReadonlyArray<{
    readonly id: number
    readonly file_name: string
    readonly content_url: string
    readonly inline: boolean
  }>
}

export interface FoundTicket {
  readonly id: number
  readonly external_id: string | null
  readonly subject: string | null
  readonly status: string
  readonly priority: string | null
  readonly type: string | null
  readonly requester_id: number
  readonly assignee_id: number | null
  readonly group_id: number | null
  readonly organization_id: number | null
  readonly tags: ReadonlyArray<string>
  readonly custom_fields: ReadonlyArray<{ readonly id: number; readonly value: unknown }>
  readonly created_at: string
  readonly problem_id?: number | null
  readonly due_at?: string | null
}

export interface FoundUser {
  readonly id: number
  readonly external_id: string | null
  readonly name: string
  readonly email: string | null
  readonly role: string
  readonly phone: string | null
  readonly organization_id: number | null
  readonly default_group_id: number | null
  readonly suspended: boolean
  readonly details: string | null
  readonly notes: string | null
  readonly tags: ReadonlyArray<string>
}

export interface FoundOrganization {
  readonly id: number
  readonly external_id: string | null
  readonly name: string
  readonly details: string | null
  readonly domain_names: ReadonlyArray<string>
}

interface Kept<A> {
  readonly id: number
  readonly row: A
  readonly deleted: boolean
}

export interface Destination {
  readonly ticket: Kept<FoundTicket> & { readonly comments: ReadonlyArray<FoundComment> }
  readonly user: Kept<FoundUser>
  readonly organization: Kept<FoundOrganization>
  readonly group: Kept<{ readonly id: number; readonly name: string; readonly description: string | null }>
  readonly group_membership: Kept<{ readonly user_id: number; readonly group_id: number }>
  readonly organization_membership: Kept<{ readonly user_id: number; readonly organization_id: number }>
  readonly identity: Kept<{ readonly user_id: number; readonly type: string; readonly value: string }>
  readonly custom_object: { readonly id: string; readonly row: { readonly title: string } }
  readonly custom_object_record: {
    readonly id: string
    /** The key of its object. */
    readonly object: string
    readonly row: {
      readonly name: string
      readonly external_id: string | null
      readonly custom_object_fields: Readonly<Record<string, unknown>>
    }
  }
  readonly attachment: { readonly id: number; readonly sha256: string }
}

/** One accepted write, as the destination's ledger has it. */
export interface Write {
  readonly seq: number
  /** ISO with milliseconds. */
  readonly at: string
  readonly account: string
  readonly kind: string
  readonly id: number | string
  readonly external_id: string | null
  readonly body: Readonly<Record<string, unknown>>
}

interface RelationType {
  readonly id: number
  readonly downstream_relation: string
  readonly upstream_relation: string
}

export interface SourceField {
  readonly name: string
  readonly label: string
  readonly field_type: string
  readonly default_field: boolean
  readonly nested_fields?: ReadonlyArray<{ readonly name: string }>
}

export interface FoundField {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly relationship_target_type?: string
  readonly custom_field_options?: ReadonlyArray<{ readonly name: string; readonly value: string }>
}

export interface Truth {
  readonly corpus: <E extends keyof Corpus>(entity: E) => AsyncIterable<Corpus[E]>
  readonly destination: <E extends keyof Destination>(entity: E) => AsyncIterable<Destination[E]>
  /** Only what was written since the first job: what stood there before is not ours. */
  readonly ledger: () => AsyncIterable<Write>
  readonly expectedFailures: () => Promise<ReadonlyArray<{ readonly entity: string; readonly id: number }>>
  readonly sourceFields: () => Promise<ReadonlyArray<SourceField>>
  /** How many fields the source's lists define, those of asset types apart. */
  readonly definitions: () => Promise<number>
  /** What types of relationships are called, both ways. */
  readonly relationTypes: () => Promise<ReadonlyMap<number, string>>
  /** What products and vendors of assets are called. */
  readonly assetNames: (list: "products" | "vendors") => Promise<ReadonlyMap<number, string>>
  readonly destinationFields: () => Promise<ReadonlyArray<FoundField>>
}

/** Which accounts: first labels of the host names; and when the first job between them began, ISO with milliseconds. */
export interface Accounts {
  readonly source: string
  readonly destination: string
  readonly since: string
}

// Sandbox keys, docs/sandbox.md.
const freshserviceUser = "fs-sandbox-key:X"
const zendeskUser = "owner@acme.example/token:zd-sandbox-token"

const definitionLists = {
  ticket_form_fields: "ticket_fields",
  problem_form_fields: "problem_fields",
  change_form_fields: "change_fields",
  requester_fields: "requester_fields",
  agent_fields: "agent_fields",
  department_fields: "department_fields"
}

export const sandboxTruth = (adminUrl: string, { source, destination, since }: Accounts): Truth => {
  const { origin } = new URL(adminUrl)
  return {
    corpus: (entity) => lines(`${adminUrl}/corpus?entity=${entity}&account=${source}`),
    destination: (entity) => lines(`${adminUrl}/destination?entity=${entity}&account=${destination}`),
    ledger: async function* () {
      for await (const write of lines<Write>(`${adminUrl}/ledger`))
        if (write.account === destination && write.at >= since) yield write
    },
    expectedFailures: async () =>
      (
        await json<{ expectedFailures: ReadonlyArray<{ readonly entity: string; readonly id: number }> }>(
          `${adminUrl}/expected-failures?account=${source}`
        )
      ).expectedFailures,
    definitions: async () => {
      let count = 0
      for (const [path, key] of Object.entries(definitionLists)) {
        const url = `${origin}/api/v2/${path}`
        const answer = await json<Record<string, ReadonlyArray<unknown>>>(
          url,
          `${source}.freshservice.com`,
          freshserviceUser
        )
        count += answer[key]?.length ?? 0
      }
      return count
    },
    relationTypes: async () => {
      const { relationship_types: types } = await json<{ relationship_types: ReadonlyArray<RelationType> }>(
        `${origin}/api/v2/relationship_types`,
        `${source}.freshservice.com`,
        freshserviceUser
      )
      return new Map(
        types.map(({ downstream_relation: down, id, upstream_relation: up }) => [
          id,
          down === up ? down : `${down} / ${up}`
        ])
      )
    },
    assetNames: async (list) => {
      const url = `${origin}/api/v2/${list}?per_page=100`
      const answer = await json<Record<string, ReadonlyArray<{ readonly id: number; readonly name: string }>>>(
        url,
        `${source}.freshservice.com`,
        freshserviceUser
      )
      return new Map((answer[list] ?? []).map(({ id, name }) => [id, name]))
    },
    sourceFields: async () =>
      (
        await json<{ ticket_fields: ReadonlyArray<SourceField> }>(
          `${origin}/api/v2/ticket_form_fields`,
          `${source}.freshservice.com`,
          freshserviceUser
        )
      ).ticket_fields,
    destinationFields: async () =>
      (
        await json<{ ticket_fields: ReadonlyArray<FoundField> }>(
          `${origin}/api/v2/ticket_fields`,
          `${destination}.zendesk.com`,
          zendeskUser
        )
      ).ticket_fields
  }
}
