// Looks for a record at the destination by its source key or by what it is like. For Deliver.ts.
import type { Sink, Write } from "@bridge/connectors/Connector"
import type { Source } from "@bridge/connectors/Reading"
import type { Answer, Call } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect } from "effect"

export const mode = { mode: "trial" } as const

/** `key`: look-ups that see at once what was written; `anywhere`: those that lag as well; `like`: by e-mail or name. */
export type How = "key" | "anywhere" | "like"

interface Finder {
  call(config: unknown, write: Write): Call | null
  read(write: Write, answer: Answer): ReadonlyArray<string>
  next?(answer: Answer): Call | null
}

interface Found {
  readonly ids: ReadonlyArray<string>
  readonly next: Call | null
}

const none: Found = { ids: [], next: null }

/** The oldest record that the first finder to find any finds, in all of its pages. */
export const find = (
  { sink, source }: { readonly source: Source; readonly sink: Sink<unknown> },
  one: Write,
  how: How
): Effect.Effect<string | undefined, VendorError, VendorHttp> =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    for (const finder of findersOf(sink, how))
      for (let call = finder.call(source.config, one); call !== null; ) {
        const asked: Call = call
        const page: Found =
          (yield* findWithin(
            http.read(
              source,
              asked,
              (answer): Found => ({ ids: finder.read(one, answer), next: finder.next?.(answer) ?? null }),
              mode
            )
          )) ?? none
        if (page.ids[0] !== undefined) return page.ids[0]
        call = page.next
      }
    return undefined
  })

const findersOf = (sink: Sink<unknown>, how: How): ReadonlyArray<Finder> => {
  if (how === "like") return sink.match ?? []
  return how === "key" ? sink.lookup.filter(({ strong }) => strong) : sink.lookup
}

/** Undefined where there is nothing to look in. */
export const findWithin = <A>(read: Effect.Effect<A, VendorError>): Effect.Effect<A | undefined, VendorError> =>
  Effect.catchIf(
    read,
    (error) => error.reason._tag === "Gone",
    () => Effect.succeed(undefined)
  )
