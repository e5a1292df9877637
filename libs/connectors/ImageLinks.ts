// Images in HTML texts that show a file: their addresses replaced by where the file is now. Pure. For sinks.
import { imagesIn, urlHash } from "@bridge/domain/Images"

const escaped = (url: string): string =>
  url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("'", "&#39;").replaceAll("<", "&lt;")

/** `urls` by the hash of the address that stands there now; other images stay as they are. */
export const withImages = (html: string, urls: ReadonlyMap<string, string>): string => {
  let out = html
  for (const { end, src, start } of imagesIn(html).toReversed()) {
    const url = urls.get(urlHash(src))
    if (url !== undefined) out = out.slice(0, start) + escaped(url) + out.slice(end)
  }
  return out
}
