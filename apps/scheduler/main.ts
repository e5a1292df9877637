// The scheduler: moves jobs on events and by its sweep.
import { always, launch, stageLayer } from "@bridge/platform/Platform"
import { Layer } from "effect"
import { schedule, sweeper } from "./Scheduler.ts"

export const scheduler = Layer.merge(stageLayer(schedule), always("sweeper", sweeper))

if (import.meta.main) launch("scheduler", scheduler)
