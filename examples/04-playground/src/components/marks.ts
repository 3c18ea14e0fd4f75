import { draftersOf, type StrategyChoice } from '../choice'

/** How many marks there are: colour and kind of underline both tell them apart. */
const kinds = 5

/** The class that marks a token: who drafted it by its place among the choice's drafters, or that the target spoke. */
export function markOf(choice: StrategyChoice, by: readonly string[]): string {
  const [first] = by
  if (first === undefined) return 'target'
  return `draft draft-${Math.max(0, draftersOf(choice).indexOf(first)) % kinds}`
}
