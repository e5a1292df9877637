// Makes node_modules what package-lock.json says, once, whoever comes first. Plain JS from Node 18 on; nothing on stdout.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { acquire } from "../infra/Lock.mjs"

/** Ends the command with one sentence that says what to do. */
export class Refusal extends Error {}

/** Why this machine cannot run Bridge, before anything is installed; undefined when nothing speaks against it. */
export const tooOld = (version) =>
  Number(version.replace(/^v/, "").split(".")[0]) >= 18
    ? undefined
    : `Bridge needs Node 18 or newer to set itself up, and this is ${version}: install a newer Node (24 is best) and run the same command again.`

/** What to say before npm runs out of room, which it tells in many ways; undefined when there is enough, or nobody knows. */
export const tooFull = (root, free = freeBytes(root)) =>
  free === undefined || free >= 900e6
    ? undefined
    : `The disk is full: the packages need 1 GB in ${root}node_modules and ${Math.floor(free / 1e6)} MB are free; free some and run the same command again.`

/** Node 18.15 and newer can tell. */
const freeBytes = (root) => {
  const disk = fs.statfsSync?.(root)
  return disk === undefined ? undefined : disk.bavail * disk.bsize
}

/** What to say when npm failed; `words` is what npm wrote to stderr. */
export const npmFailed = (root, status, words) => {
  if (/ENOSPC|no space left/i.test(words))
    return `The disk is full: free 1 GB for ${root}node_modules and run the same command again.`
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(words))
    return "npm could not reach its registry (see above): check the network or npm's proxy settings and run the same command again."
  if (/EACCES|EPERM|EROFS/.test(words))
    return `npm may not write to ${/^npm \S+ path (.+)$/m.exec(words)?.[1] ?? `${root}node_modules`} (see above): give this user the folder and run the same command again.`
  return `npm ci failed with ${status} (see above): solve what it says and run the same command again.`
}

/** The Node that runs TypeScript as it is: npm's own package for this platform, else this one when it is new enough. */
export const chooseNode = (
  root,
  version = process.version,
  execPath = process.execPath,
  platform = `${process.platform}-${process.arch}`
) => {
  const own = join(root, "node_modules/.bin/node")
  if (existsSync(own) && spawnSync(own, ["--version"]).status === 0) return own
  if (Number(version.replace(/^v/, "").split(".")[0]) >= 24) return execPath
  throw new Refusal(
    `Bridge runs on Node 24, which npm brings for Linux (glibc, x64 and arm64) only, and this is ${platform} with ${version}: install Node 24 or newer and run the same command again.`
  )
}

/** Installs when the lockfile or a patch changed since the last time; a second process waits for the first. */
export const install = async (root) => {
  const want = fingerprint(root)
  if (stamped(root, want)) return
  const release = await acquire(join(root, ".bridge/install.lock"), (pid) =>
    say(`process ${pid} is installing the packages, waiting for it`)
  )
  try {
    if (stamped(root, want)) return
    if (agrees(root)) runPatches(root)
    else await npmCi(root, release.handTo)
    writeFileSync(stampFile(root), want)
  } finally {
    release()
  }
}

const say = (line) => process.stderr.write(`bridge: ${line}\n`)
const stampFile = (root) => join(root, "node_modules/.bridge-stamp")
const stamped = (root, want) => existsSync(stampFile(root)) && readFileSync(stampFile(root), "utf8") === want

/** A hash of all that decides what node_modules holds. */
const fingerprint = (root) => {
  const hash = createHash("sha256")
  for (const file of ["package-lock.json", "scripts/patch.mjs", ...filesUnder(root, "patches")])
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0")
  return hash.digest("hex")
}

const filesUnder = (root, dir) =>
  existsSync(join(root, dir))
    ? readdirSync(join(root, dir), { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => (entry.isDirectory() ? filesUnder(root, `${dir}/${entry.name}`) : [`${dir}/${entry.name}`]))
    : []

/** True when npm itself installed exactly this lockfile (`npm ci` or `npm install` by hand): then only the patches are looked after. */
const agrees = (root) => {
  const hidden = join(root, "node_modules/.package-lock.json")
  if (!existsSync(hidden)) return false
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages
  const found = JSON.parse(readFileSync(hidden, "utf8")).packages
  const same = (name) =>
    found[name]?.version === wanted[name].version && found[name]?.integrity === wanted[name].integrity
  const there = (name) => existsSync(join(root, name))
  return Object.keys(wanted)
    .filter((name) => name.includes("node_modules/"))
    .every((name) => {
      if (wanted[name].link) return there(name)
      return found[name] === undefined ? wanted[name].optional === true : same(name) && there(name)
    })
}

const runPatches = (root) => {
  const done = spawnSync(process.execPath, [join(root, "scripts/patch.mjs")], {
    cwd: root,
    stdio: ["ignore", 2, "inherit"]
  })
  if (done.status !== 0)
    throw new Refusal(
      "The patches of patches/ could not be applied (see above): remove node_modules and run the same command again."
    )
}

/** npm's words go to stderr; stdout stays the command's own. The lock is npm's: should we be killed, nobody installs beside it. */
const npmCi = async (root, handTo) => {
  const full = tooFull(root)
  if (full !== undefined) throw new Refusal(full)
  say("installing the packages (once, about half a minute)")
  const npm = spawn("npm", ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, "pipe"],
    shell: process.platform === "win32"
  })
  if (npm.pid !== undefined) handTo(npm.pid)
  let words = ""
  npm.stderr.on("data", (chunk) => {
    words = (words + chunk).slice(-20_000)
    process.stderr.write(chunk)
  })
  const status = await new Promise((ended) => {
    npm.once("error", (error) => ended(error.code))
    npm.once("close", (code, signal) => ended(code ?? signal))
  })
  if (status === "ENOENT")
    throw new Refusal("npm is missing: install Node together with npm and run the same command again.")
  if (status !== 0) throw new Refusal(npmFailed(root, status, words))
}
