import type { Head } from './head'
import type { DraftShape } from './shape'

/** A setting here and its counterparts; where a server has none or another, `why` says why. */
export interface Setting {
  readonly here: string
  readonly vllm: string | null
  readonly sglang: string | null
  readonly why?: readonly string[]
}

const chainsOnly = 'vLLM verifies chains: its tree attention was removed (vllm#42121)'
const grown = 'SGLang grows its trees by confidence and takes no fixed shape'
const chainsOfHeads = 'of SGLang for chains of EAGLE and MTP heads'
const noMedusa = 'SGLang has no Medusa (asked for in sglang#859)'
const medusaGone = 'vLLM has Medusa up to 0.32.0'
const fixed = 'both decide by the checkpoint'

/** The settings of a head's strategy, and those that every strategy has. */
export function settingsOf(head: Head | null, shape: DraftShape): readonly Setting[] {
  return [...ownSettings(head, shape), ...shared]
}

function ownSettings(head: Head | null, shape: DraftShape): readonly Setting[] {
  switch (head?.kind) {
    case 'eagle1':
    case 'eagle3':
      return eagleSettings(head.kind, head.draftVocabulary, shape)
    case 'medusa':
      return [
        { here: 'head', vllm: 'method, model', sglang: null, why: [medusaGone, noMedusa] },
        { here: 'tokens', vllm: 'num_speculative_tokens', sglang: null, why: [noMedusa] },
        {
          here: 'nodes, choices',
          vllm: null,
          sglang: null,
          why: [chainsOnly, 'of each Medusa head vLLM takes the first choice', noMedusa],
        },
      ]
    case 'mtp':
      return [
        { here: 'head', vllm: 'method', sglang: '--speculative-algorithm NEXTN' },
        { here: 'tokens', vllm: 'num_speculative_tokens', sglang: '--speculative-num-steps' },
        { here: 'branches, choices', vllm: null, sglang: null, why: [chainsOnly, grown] },
        { here: 'modules, fed, recycled', vllm: null, sglang: null, why: ['both decide by the model family'] },
      ]
    case 'draft':
      return [
        { here: 'model', vllm: 'method, model', sglang: '--speculative-draft-model-path' },
        { here: 'tokens', vllm: 'num_speculative_tokens', sglang: '--speculative-num-steps' },
        { here: 'branches', vllm: null, sglang: null, why: [chainsOnly, grown] },
      ]
    case undefined:
      return [
        { here: 'tokens', vllm: 'num_speculative_tokens', sglang: '--speculative-num-draft-tokens, with 1 more' },
        {
          here: 'maxNgram, minNgram',
          vllm: 'prompt_lookup_max, prompt_lookup_min',
          sglang: null,
          why: [
            'its trie matches up to --speculative-ngram-max-trie-depth; older releases had --speculative-ngram-{min,max}-match-window-size',
          ],
        },
      ]
  }
}

function eagleSettings(kind: string, draftVocabulary: number | null, { topK }: DraftShape): readonly Setting[] {
  const depth = topK > 1 ? 'tree.depth' : 'tokens'
  return [
    { here: 'head', vllm: 'method, model', sglang: '--speculative-algorithm, --speculative-draft-model-path' },
    { here: depth, vllm: 'num_speculative_tokens', sglang: '--speculative-num-steps' },
    { here: 'tree.topK', vllm: null, sglang: '--speculative-eagle-topk', why: [chainsOnly] },
    { here: 'tree.nodes', vllm: null, sglang: '--speculative-num-draft-tokens, with 1 more', why: [chainsOnly] },
    { here: 'branches, choices', vllm: null, sglang: null, why: [chainsOnly, grown] },
    ...(kind === 'eagle3'
      ? [{ here: 'layers, layerIds', vllm: 'config.json, as entering', sglang: 'config.json, as leaving' }]
      : []),
    { here: 'embedding', vllm: null, sglang: null, why: [fixed] },
    ...(draftVocabulary === null
      ? []
      : [{ here: `d2t (${draftVocabulary} tokens)`, vllm: 'read from the head', sglang: 'read from the head' }]),
  ]
}

const shared: readonly Setting[] = [
  {
    here: 'acceptance: exact',
    vllm: null,
    sglang: null,
    why: [
      'both verify with other kernels than they decode with, so that near ties may fall otherwise, and noise belongs to a request, not to a position. VLLM_BATCH_INVARIANT=1 and --enable-deterministic-inference come nearest',
    ],
  },
  {
    here: 'acceptance: rejection',
    vllm: 'rejection_sample_method "standard"',
    sglang: '--speculative-use-rejection-sampling',
    why: [chainsOfHeads],
  },
  {
    here: 'acceptance: block',
    vllm: 'rejection_sample_method "block"',
    sglang: '--speculative-use-block-verification',
    why: [chainsOfHeads],
  },
  {
    here: 'acceptance: typical',
    vllm: 'rejection_sample_method "fly"',
    sglang: '--speculative-accept-threshold-single, -acc',
    why: ['lossy rules, but others than typical acceptance'],
  },
  {
    here: 'adaptive',
    vllm: 'num_speculative_tokens_per_batch_size',
    sglang: '--speculative-adaptive',
    why: [
      "vLLM's is a table by batch size, written by hand; SGLang's chooses 1, 3 or 7 steps, for chains of EAGLE heads",
    ],
  },
  { here: 'firstOf, merged', vllm: null, sglang: null, why: ['a server has one method'] },
  { here: 'strategy of a request', vllm: null, sglang: null, why: ['the method is fixed at launch'] },
]
