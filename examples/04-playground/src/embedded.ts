import type { StrategyChoice } from './choice'

/** The model that is served with the page: a Llama of 4.9 M parameters that tells children's stories. */
export const embedded = {
  name: 'stories-5m',
  /** Beside the page. */
  path: './stories-5m/',
  /** It begins every story with the token that ends one. */
  prompt: '<|end|>The queen gave the baker a gold coin',
  prompts: [
    '<|end|>A brave robot and a shy snail',
    '<|end|>"Look!" said the boy.',
    '<|end|>The queen gave the baker a gold coin',
    '<|end|>Once upon a time, a fox and a hen',
  ],
  /** Folders with checkpoints that were trained for it. */
  heads: ['eagle3', 'eagle1', 'medusa', 'mtp', 'draft'],
} as const

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
