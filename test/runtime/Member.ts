// A member as a process of its own, so that a test can kill it. For the tests in this folder.
// What does not belong here: the stage (Lab.ts).
import { runStage } from "@bridge/flow/Runtime"
import { type Place, remembering, servicesOf, stageOf } from "./Lab.ts"

const place: Place = JSON.parse(process.argv[2] ?? "{}")
await servicesOf(place).runPromise(runStage(stageOf(place, remembering), { group: place.group }))
