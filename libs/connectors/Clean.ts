// A sink whose words are clean: a vendor, or a proxy before it, may repeat in a refusal what we sent, credentials included, and
// refusals go into the ledger, the topics and the report. For the loader. Promise 6.
import { scrubbed } from "@bridge/http/Scrub"
import type { Sink, WriteOutcome } from "./Connector.ts"

interface Words {
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** `secrets`: of the connection as it is when an answer is read. */
export const cleaned = <C>(sink: Sink<C>, secrets: () => ReadonlyArray<string>): Sink<C> => {
  const clean = (text: string) => scrubbed(text, secrets())
  const words = <W extends Words>(said: W): W => ({
    ...said,
    code: clean(said.code),
    message: clean(said.message),
    hint: clean(said.hint)
  })
  const outcome = (one: WriteOutcome): WriteOutcome => {
    if (one._tag === "Failed") return words(one)
    return one._tag === "Unknown" ? { ...one, message: clean(one.message) } : one
  }
  const { further, readJob, uploads } = sink
  return {
    ...sink,
    readAnswer: (config, writes, answer) => {
      const read = sink.readAnswer(config, writes, answer)
      if (read._tag === "Results") return { ...read, outcomes: read.outcomes.map(outcome) }
      return read._tag === "BatchRefused" ? words(read) : read
    },
    ...(readJob !== undefined && {
      readJob: (config, writes, answer) => {
        const read = readJob.call(sink, config, writes, answer)
        if (read._tag === "Done") return { ...read, outcomes: read.outcomes.map(outcome) }
        return read._tag === "Lost" ? { ...read, message: clean(read.message) } : read
      }
    }),
    ...(uploads !== undefined && {
      uploads: {
        ...uploads,
        read: (answer) => {
          const read = uploads.read(answer)
          return read._tag === "UploadRefused" ? words(read) : read
        }
      }
    }),
    ...(further !== undefined && {
      further: {
        ...further,
        readCreate: (answer) => {
          const refusal = further.readCreate(answer)
          return refusal === null ? null : words(refusal)
        }
      }
    })
  } satisfies Sink<C>
}
