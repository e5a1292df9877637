// What the runtime counts, by stage. For /metrics; what to watch and when to alarm: docs/runtime.md.
// What does not belong here: figures of a stage's own work.
import { Metric } from "effect"

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

export const runs = counter("bridge_runs_total", "Runs that ended well")
export const records = counter("bridge_records_total", "Records of runs that ended well")
export const deadLetters = counter("bridge_dead_letters_total", "Records given up, by error class")
export const retries = counter("bridge_run_retries_total", "Runs tried again after a transient failure")
export const fenced = counter("bridge_fenced_total", "Runs that another owner shut out")
export const rebuilds = counter("bridge_consumer_rebuilds_total", "Consumer sessions opened again after a failure")
export const published = counter("bridge_outbox_published_total", "Messages sent by the outbox relay")
export const openBytes = Metric.gauge("bridge_open_bytes", { description: "Bytes of undone records in memory" })
export const openRuns = Metric.gauge("bridge_open_runs", { description: "Runs that wait or work" })
export const lag = Metric.gauge("bridge_lag", {
  description: "Offsets between the low watermark and the end, by topic"
})
export const outboxAge = Metric.gauge("bridge_outbox_age_seconds", { description: "Age of the oldest unsent message" })
