// Rows of the source beside tickets and people, as far as the oracle looks at them: problems, changes, assets, files.
// For Truth.ts, which reads them.

/** A problem or a change. */
export interface SourceMatter {
  readonly id: number
  readonly subject: string | null
  readonly description: string | null
  readonly description_text: string | null
  readonly status: number
  readonly priority: number
  readonly impact: number | null
  readonly requester_id: number | null
  readonly agent_id: number | null
  readonly group_id: number | null
  readonly category: string | null
  readonly sub_category: string | null
  readonly item_category: string | null
  readonly tags?: ReadonlyArray<string> | null
  readonly assets: ReadonlyArray<{ readonly display_id: number }> | null
  readonly created_at: string
  readonly due_by?: string | null
  readonly known_error?: boolean
  readonly analysis_fields?: Readonly<Record<string, unknown>> | null
  readonly change_type?: number
  readonly risk?: number
  readonly planned_start_date?: string | null
  readonly planned_end_date?: string | null
  readonly planning_fields?: Readonly<Record<string, unknown>> | null
}

export interface SourceNote {
  readonly id: number
  readonly user_id: number
  readonly body: string | null
  readonly body_text: string | null
  readonly created_at: string
}

export interface SourceAsset {
  readonly display_id: number
  readonly name: string
  readonly description: string | null
  readonly asset_type_id: number
  readonly impact: string | null
  readonly usage_type: string | null
  readonly asset_tag: string | null
  readonly user_id: number | null
  readonly agent_id: number | null
  readonly group_id: number | null
  readonly department_id: number | null
  readonly location_id: number | null
  readonly assigned_on: string | null
  readonly end_of_life: string | null
  readonly type_fields: Readonly<Record<string, unknown>>
}

export interface SourceLocation {
  readonly name: string | null
  readonly parent_location_id: number | null
  readonly contact_name: string | null
  readonly phone: string | null
  readonly email: string | null
  readonly address: {
    readonly line1: string | null
    readonly line2: string | null
    readonly city: string | null
    readonly state: string | null
    readonly country: string | null
    readonly zipcode: string | null
  } | null
}

export interface SourceRelation {
  readonly relationship_type_id: number
  readonly primary_id: number
  readonly primary_type: string
  readonly secondary_id: number
  readonly secondary_type: string
}

export interface SourceAssetType {
  readonly id: number
  readonly name: string
  readonly description: string | null
}

/** A file, and where it hangs; `inline`: a picture within the text, which no list names. */
export interface SourceFile {
  readonly id: number
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly inline: boolean
  readonly parent: "ticket" | "comment" | "asset"
  readonly parent_id: number
  readonly ticket_id: number | null
  /** False for one whose bytes nobody can have. */
  readonly available: boolean
}

export interface RequestedItem {
  readonly service_item_name: string | null
  readonly quantity: number | null
}
