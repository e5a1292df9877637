// The floor under every figure: a bare loop that fetches the same pages, parses them and writes the rows to a file. Run as a
// process of its own. With `--expect` it prints what Bridge must find instead: how many rows, and the hash over their hashes.
import { createHash } from "node:crypto"
import { createWriteStream, rmSync } from "node:fs"
import { finished } from "node:stream/promises"
import { parseArgs, promisify } from "node:util"
import { gunzip } from "node:zlib"
import { request } from "undici"

interface Page {
  readonly tickets: ReadonlyArray<{ readonly id: number }>
  readonly after_cursor: string | null
  readonly end_of_stream: boolean
}

const unpack = promisify(gunzip)

const { values } = parseArgs({
  options: {
    origin: { type: "string", default: "" },
    file: { type: "string", default: "" },
    expect: { type: "boolean", default: false }
  }
})

/** Every page in turn, as the export gives them. */
async function* pages(): AsyncGenerator<Page> {
  const headers = { "accept-encoding": "gzip" }
  let place = "start_time=0"
  for (;;) {
    const url = `${values.origin}/api/v2/incremental/tickets/cursor?${place}&per_page=1000`
    const { body, headers: said, statusCode } = await request(url, { headers })
    if (statusCode !== 200) throw new Error(`${statusCode}: ${await body.text()}`)
    const bytes = Buffer.from(await body.arrayBuffer())
    const text = said["content-encoding"] === "gzip" ? await unpack(bytes) : bytes
    const page = JSON.parse(text.toString("utf8")) as Page
    yield page
    if (page.end_of_stream || page.after_cursor === null) return
    place = `cursor=${encodeURIComponent(page.after_cursor)}`
  }
}

const expected = async () => {
  const lines: Array<string> = []
  let bytes = 0
  for await (const page of pages())
    for (const row of page.tickets) {
      // The vendor's stand-in writes rows as JSON.stringify does, so this gives the bytes back.
      const text = JSON.stringify(row)
      bytes += Buffer.byteLength(text)
      lines.push(`${row.id} ${createHash("sha256").update(text).digest("hex")}`)
    }
  const hash = createHash("sha256").update(lines.toSorted().join("\n")).digest("hex")
  return { rows: lines.length, hash, bytesPerRow: Math.round(bytes / lines.length) }
}

/** A small account is read again: the first seconds of a process are slow, whatever it does. */
const leastRows = 60_000

const floor = async () => {
  const began = performance.now()
  const out = createWriteStream(values.file)
  let rows = 0
  do
    for await (const page of pages()) {
      rows += page.tickets.length
      const text = page.tickets.map((row) => JSON.stringify(row)).join("\n")
      if (!out.write(`${text}\n`)) await new Promise((drained) => out.once("drain", () => drained(undefined)))
    }
  while (rows > 0 && rows < leastRows)
  out.end()
  await finished(out)
  const seconds = (performance.now() - began) / 1000
  rmSync(values.file)
  return { rows, seconds }
}

process.stdout.write(`${JSON.stringify(await (values.expect ? expected() : floor()))}\n`)
