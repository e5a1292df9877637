import { Effect } from "effect"
import { Budgets } from "./Budgets.ts"
import { budgetsSuite } from "./BudgetsSuite.ts"

// One process is all there is: both views are the same.
budgetsSuite("memory", (body) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(Budgets, (budgets) => body(budgets, budgets))).pipe(
      Effect.provide(Budgets.layerMemory)
    )
  )
)
