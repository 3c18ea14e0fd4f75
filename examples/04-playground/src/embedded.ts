import type { StrategyChoice } from './choice'

/** The model that is served with the page: a Llama of 4.9 M parameters that tells children's stories. */
export const embedded = {
  name: 'stories-5m',
  /** Beside the page. */
  path: 'stories-5m/',
  /** It begins every story with the token that ends one. */
  prompt: '<|end|>Once upon a time, a fox and a hen',
  prompts: [
    '<|end|>A brave robot and a shy snail',
    '<|end|>"Look!" said the boy.',
    '<|end|>The queen gave the baker a gold coin',
    '<|end|>Once upon a time, a fox and a hen',
  ],
  /** Folders with checkpoints that were trained for it. */
  heads: ['eagle3', 'eagle1', 'medusa', 'mtp', 'draft'],
} as const

/** The folder that a checkpoint option begins with: the first whose name begins as the strategy's does. */
export function suggestedHead(strategy: string, heads: readonly string[]): string | undefined {
  return heads.find((head) => strategy.startsWith(head.replace(/\d+$/, '')))
}

/** What the page begins with: an EAGLE-3 tree small enough for a software device. */
export const firstChoice: StrategyChoice = {
  strategy: 'eagle',
  options: { head: 'eagle3', tree: { nodes: 15, depth: 4, topK: 4 } },
  parts: [],
}

/** What the second tab begins with. */
export const firstComparison: readonly StrategyChoice[] = [
  firstChoice,
  { strategy: 'medusa', options: { head: 'medusa' }, parts: [] },
  { strategy: 'lookup', options: {}, parts: [] },
]
