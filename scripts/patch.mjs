// Puts our changes of packages (patches/) into node_modules. Plain JavaScript for any Node >= 18: npm runs it after install.
// Safe to run again and again. A package that is not the one we reviewed is refused, loudly: an unpatched one loses records.
import { createHash } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex")

/** Another process may do the same at the same time: nobody ever sees half a file. */
const write = (path, bytes) => {
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, bytes)
  renameSync(temporary, path)
}

class Refused extends Error {}

/** The original is kept beside ours as `<file>.orig.js`: ours may call it, and a later version of ours starts from it. */
const replace = (folder, patch, { path, original }) => {
  const target = join(folder, path)
  const keep = `${target}.orig.js`
  const ours = readFileSync(join(root, "patches", patch.package, path))
  const found = readFileSync(target)
  if (hash(found) === original) write(keep, found)
  else if (!existsSync(keep) || hash(readFileSync(keep)) !== original) {
    throw new Refused(`${patch.package}/${path} is not the file of ${patch.version} that was reviewed`)
  }
  if (!found.equals(ours)) write(target, ours)
}

/** Applies one patch below `modules` and says what it did. Throws `Refused` with the reason. */
export const apply = (modules, patch) => {
  const folder = join(modules, patch.package)
  const manifest = join(folder, "package.json")
  if (!existsSync(manifest)) throw new Refused(`${patch.package} is not installed`)
  const { version } = JSON.parse(readFileSync(manifest, "utf8"))
  if (version !== patch.version) {
    throw new Refused(`${patch.package} ${version} is installed, the patch is for ${patch.version}`)
  }
  for (const file of patch.files) replace(folder, patch, file)
}

export const patches = [JSON.parse(readFileSync(join(root, "patches/kafkajs.json"), "utf8"))]

// In a clone where nothing is installed there is nothing to patch: `npx bridge` runs us there before the bootstrap installs.
if (process.argv[1] === fileURLToPath(import.meta.url) && existsSync(join(root, "node_modules"))) {
  try {
    for (const patch of patches) apply(join(root, "node_modules"), patch)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    console.error(`Patch not applied: ${error.message}. Bridge must not run without it: see patches/README.md.`)
    process.exit(1)
  }
}
