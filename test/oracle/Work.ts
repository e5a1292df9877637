// Tickets, problems and changes of the source, one after the other, each with what must become of it. For Compare.ts.

import type { Placed } from "./Files.ts"
import { changeNotes, type NoteWanted, problemNotes, ticketNotes } from "./Notes.ts"
import { type Both, filesMustBe, inOrder, matterMustBe, mustBe, type TicketPicture } from "./Picture.ts"
import { exclusion } from "./Rules.ts"
import type { SourceFile } from "./SourceRows.ts"
import type { Truth } from "./Truth.ts"

export const workEntities = ["problem", "change", "ticket"] as const
export type WorkEntity = (typeof workEntities)[number]

export interface Work {
  readonly entity: WorkEntity
  readonly id: number
  /** Why it is left out, in the documented words, or null. */
  readonly why: string | null
  /** Source ids of its comments as Bridge names them, in order. */
  readonly comments: ReadonlyArray<string>
  readonly notes: ReadonlyArray<NoteWanted>
  readonly files: ReadonlyArray<SourceFile>
  readonly picture: () => TicketPicture
  readonly placed: (files: ReadonlyArray<SourceFile>) => ReadonlyArray<Placed & { readonly id: number }>
}

export const workOf = async function* (truth: Truth, both: Both): AsyncGenerator<Work> {
  for (const entity of ["problem", "change"] as const)
    for await (const line of truth.corpus(entity))
      yield {
        entity,
        id: line.id,
        why: null,
        comments: inOrder(line.notes).map(({ id }) => `${entity}_notes/${id}`),
        notes: entity === "problem" ? problemNotes(line.row) : changeNotes(line.row),
        files: [],
        picture: () => matterMustBe(entity, line, both),
        placed: () => []
      }
  for await (const line of truth.corpus("ticket"))
    yield {
      entity: "ticket",
      id: line.id,
      why: exclusion(line.row, both.statuses) ?? both.fields.unmapped(line.row),
      comments: inOrder(line.conversations).map(({ id }) => String(id)),
      notes: ticketNotes(line),
      files: both.files.ofTicket(line.id),
      picture: () => mustBe(line, both),
      placed: (files) => filesMustBe(line, both, files)
    }
}
