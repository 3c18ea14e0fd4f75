import { block, exact, rejection } from '@outrider/core'
import { type StrategyConformance, strategyConformance } from '@outrider/core/conformance'
import { describe, expect, it } from 'vitest'
import { eagle } from '../src'
import { booleans, headFiles, headTensors, int64, tinyHeadConfig } from './tiny-head'

/** Tokens of the kit's target. */
const vocab = 31
/** Every second token: a draft vocabulary of the head's own. */
const drafted = Array.from({ length: 16 }, (_, row) => 2 * row)
const mapped = [
  int64(
    'd2t',
    drafted.map((id, row) => id - row),
  ),
  booleans(
    't2d',
    Array.from({ length: vocab }, (_, id) => drafted.includes(id)),
  ),
]
const eagle3 = headFiles(
  headTensors({ kind: 3, states: 3, vocab: drafted.length }),
  { ...tinyHeadConfig, vocab_size: vocab, draft_vocab_size: drafted.length },
  { rename: (name) => name.replace('layers.0.', 'midlayer.'), more: mapped },
)
const eagle1 = headFiles(headTensors({ kind: 1 }), {
  ...tinyHeadConfig,
  architectures: ['LlamaForCausalLM'],
  vocab_size: vocab,
})

const layers = [0, 1, 2]
const subjects: Readonly<Record<string, StrategyConformance>> = {
  'a chain of EAGLE-3': { files: eagle3, strategy: ({ own: head }) => eagle({ head, layers, tokens: 4 }) },
  'a dynamic tree of EAGLE-3': {
    files: eagle3,
    strategy: ({ own: head }) => eagle({ head, layers, tree: { depth: 3, topK: 3, nodes: 8 } }),
  },
  'a static tree of EAGLE-1': { files: eagle1, strategy: ({ own: head }) => eagle({ head, branches: [3, 2] }) },
}
for (const [name, subject] of Object.entries(subjects))
  describe(name, () =>
    strategyConformance({ it, expect }, { ...subject, rules: [exact, rejection, block], draws: 100 }),
  )
