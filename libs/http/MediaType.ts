// What a file is said to be, as far as a header may say it. Pure. For Prepare.ts. Source: RFC 6838, names of media types.
const name = "[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
const plain = new RegExp(`^${name}/${name}$`, "iu")

/** `type/subtype` alone, without parameters; of anything else nothing is known. */
export const mediaType = (text: string | undefined): string => {
  const [type = ""] = (text ?? "").split(";")
  return plain.test(type.trim()) ? type.trim().toLowerCase() : "application/octet-stream"
}
