// What can keep the embedded stack from running, each with the one sentence that says what to do. For whoever starts it.
// Not here: failures of a stack that runs (clients meet those) and of the packages' installation (scripts/Install.mjs).
import { Schema } from "effect"

/** No `java` was found, or it is older than 17. The person at the machine installs one. */
export class JavaMissing extends Schema.TaggedError<JavaMissing>()("JavaMissing", { found: Schema.String }) {}
/** The jars are not in the cache and no `mvn` was found to fetch them. The person at the machine installs Maven. */
export class MavenMissing extends Schema.TaggedError<MavenMissing>()("MavenMissing", {}) {}
/** Maven could not fetch the jars. The person at the machine looks at the network. */
export class FetchFailed extends Schema.TaggedError<FetchFailed>()("FetchFailed", { words: Schema.String }) {}
/** A port that was asked for by name is in use. The person at the machine frees it or asks for another. */
export class PortTaken extends Schema.TaggedError<PortTaken>()("PortTaken", {
  server: Schema.String,
  port: Schema.Int
}) {}
/** No room on the disk. The person at the machine frees some. */
export class DiskFull extends Schema.TaggedError<DiskFull>()("DiskFull", { dir: Schema.String }) {}
/** A server ended before it was ready. The person at the machine reads its log. */
export class NotStarted extends Schema.TaggedError<NotStarted>()("NotStarted", {
  server: Schema.String,
  log: Schema.String,
  words: Schema.String
}) {}
/** The stack of this folder runs, but cannot be joined. The person at the machine stops its owner. */
export class NotJoined extends Schema.TaggedError<NotJoined>()("NotJoined", {
  owner: Schema.Int,
  why: Schema.String
}) {}

const Reason = Schema.Union([JavaMissing, MavenMissing, FetchFailed, PortTaken, DiskFull, NotStarted, NotJoined])
type Reason = typeof Reason.Type

/** The stack was not started. `message` is fit to be shown as it is. */
export class StackError extends Schema.TaggedError<StackError>()("StackError", { reason: Reason }) {
  override get message(): string {
    return sentence(this.reason)
  }
}

const sentence = (reason: Reason): string => {
  switch (reason._tag) {
    case "JavaMissing":
      return `Java 17 or newer is needed for Kafka and the schema registry, and ${reason.found}: install one (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME.`
    case "MavenMissing":
      return "Maven is needed once to fetch Kafka and the schema registry, and no mvn is on the PATH: install it (Debian: apt-get install maven) and run the same command again."
    case "FetchFailed":
      return `Maven could not fetch Kafka and the schema registry: check the network or Maven's settings and run the same command again. Maven said: ${reason.words}`
    case "PortTaken":
      return `Port ${reason.port} for ${reason.server} is taken by another program: stop that program, or name another port.`
    case "DiskFull":
      return `The disk under ${reason.dir} is full: free 1 GB and run the same command again.`
    case "NotStarted":
      return `${reason.server} did not start; its log is ${reason.log}. It ended with: ${reason.words}`
    case "NotJoined":
      return `The stack of process ${reason.owner} runs here and cannot be used (${reason.why}): stop that process and run the same command again.`
  }
}
