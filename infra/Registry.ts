// The schema registry (Apicurio, with the Confluent API) on the machine's Java, its schemas in a file of its own. For Stack.
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Daemon, ready, startDaemon } from "./Daemon.ts"
import { archives, classArchive, type Jars } from "./Jars.ts"
import { JavaMissing, PortTaken, StackError } from "./StackError.ts"

export interface RegistryOptions {
  /** Kept between runs. */
  readonly dir: string
  readonly jars: Jars
  readonly port: number
  /** Health and metrics of the registry itself. */
  readonly managementPort: number
}

/** Where the Confluent API stands on such a server. */
export const registryUrl = (port: number): string => `http://127.0.0.1:${port}/apis/ccompat/v7`

/** Starts the registry and waits until it lists its subjects. */
export const startRegistry = async (o: RegistryOptions): Promise<Daemon> => {
  mkdirSync(o.dir, { recursive: true })
  const archive = classArchive(o.jars.made(archives.registry))
  const named = { name: "The schema registry", dir: o.dir, logFile: join(o.dir, "registry.log") }
  const daemon = await startDaemon({
    ...named,
    signal: "TERM",
    keep: archive.keep,
    cwd: dirname(o.jars.registry),
    env: {
      ...process.env,
      // By default a registered schema reaches the disk half a second later: a kill in between would give its id to another.
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(o.dir, "registry")};WRITE_DELAY=0`,
      APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: "2",
      APICURIO_DATASOURCE_JDBC_MIN_SIZE: "2"
    },
    command: [o.jars.java, ...memory, ...archive.flags, ...settings(o), "-jar", o.jars.registry]
  })
  await ready(
    named,
    daemon,
    () => listsSubjects(o.port),
    (words) => explain(words, o)
  )
  return daemon
}

const memory = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

const settings = (o: RegistryOptions): ReadonlyArray<string> => [
  "-Dquarkus.http.host=127.0.0.1",
  `-Dquarkus.http.port=${o.port}`,
  "-Dquarkus.management.host=127.0.0.1",
  `-Dquarkus.management.port=${o.managementPort}`,
  // A busy machine may need more than the usual 5 seconds to open the file, and whoever gives up cuts the write short.
  "-Dquarkus.datasource.h2.jdbc.acquisition-timeout=60",
  "-Dquarkus.log.level=WARN",
  "-Dquarkus.banner.enabled=false"
]

const listsSubjects = async (port: number): Promise<boolean> => {
  try {
    const answer = await fetch(`${registryUrl(port)}/subjects`, { signal: AbortSignal.timeout(2000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}

const explain = (words: string, o: RegistryOptions): StackError | undefined => {
  if (/UnsupportedClassVersionError/.test(words))
    return new StackError({ reason: new JavaMissing({ found: `${o.jars.java} is older` }) })
  return /in use by another process|already in use/.test(words)
    ? new StackError({ reason: new PortTaken({ server: "the schema registry", port: o.port }) })
    : undefined
}
