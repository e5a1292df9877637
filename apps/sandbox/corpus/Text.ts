// Bodies: HTML as mail clients and editors leave it, of ordinary, empty and excessive length, and its plain text.
import type { Random } from "../Random.ts"
import { sentences } from "./Words.ts"

const escapeHtml = (text: string): string => (/[&<>"]/.test(text) ? escaped(text) : text)

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

export type Body = { readonly html: string; readonly text: string }

const sentenceRun = (random: Random, count: number): string => {
  let run = random.pick(sentences)
  for (let i = 1; i < count; i++) run += ` ${random.pick(sentences)}`
  return run
}

type Shape = (text: string) => string
const shapes: ReadonlyArray<Shape> = [
  (text) => `<div>${text}</div>`,
  (text) => `<p>${text}</p>`,
  (text) => `<p>${text}<br>\r\n&nbsp;</p>`,
  (text) => `<div dir="auto"><b>Note:</b> ${text}</div>`,
  (text) => `<blockquote style="margin:0 0 0 .8ex">${text}</blockquote>`,
  (text) => `<ul><li>${text}</li><li>\u{1F4CC} 2</li></ul>`,
  (text) => `<table><tr><td>A</td><td>${text}</td></tr></table>`
]

const rightToLeft = /[\u0590-\u06FF]/

/** A body of at least `minimumBytes`; short ones are one to four paragraphs. */
export const body = (random: Random, minimumBytes = 0): Body => {
  let html = ""
  let plain = ""
  const paragraphs = random.between(1, 4)
  for (let i = 0; i < paragraphs; i++) {
    const run = sentenceRun(random, random.between(1, 3))
    const shaped = random.pick(shapes)(escapeHtml(run))
    html += rightToLeft.test(run) && random.chance(0.5) ? `<div dir="rtl">${shaped}</div>` : shaped
    plain += i === 0 ? run : `\n${run}`
  }
  if (minimumBytes > 0) {
    const unit = sentenceRun(random, 12)
    const times = Math.ceil(minimumBytes / Buffer.byteLength(unit)) + 1
    html += `<p>${escapeHtml(unit)}</p>`.repeat(times)
    plain += `\n${unit}`.repeat(times)
  }
  return { html, text: plain }
}

/** One paragraph that says exactly this. */
export const says = (text: string): Body => ({ html: `<div>${escapeHtml(text)}</div>`, text })
