import type { EagleHead, Head } from './head'
import { captureFields, entering } from './head-eagle'
import type { Edit, Launch } from './launch'
import { mtpRefusal } from './mtp-families'
import type { DraftShape } from './shape'
import type { Target } from './target'
import type { Place } from './vllm'

/** How SGLang is started with a head, or with its n-gram cache where there is none. */
export function sglang(target: Target, head: Head | null, shape: DraftShape, { port, gpus }: Place): Launch {
  const refusal = refusalOf(target, head)
  if (refusal !== null) return { server: 'SGLang', command: null, edits: [], notes: [`SGLang ${refusal}.`] }
  return {
    server: 'SGLang',
    command: [
      ['python3', '-m', 'sglang.launch_server'],
      ['--model-path', target.location],
      ['--port', `${port}`],
      ...(gpus > 1 ? [['--tp', `${gpus}`]] : []),
      ['--enable-metrics'],
      ...speculative(target, head, shape),
    ],
    edits: editsOf(target, head),
    notes: notesOf(target, head, shape),
  }
}

function refusalOf({ architecture }: Target, head: Head | null): string | null {
  if (head?.kind === 'medusa') return 'has no Medusa: it knows EAGLE, EAGLE3, NEXTN (MTP), STANDALONE and NGRAM'
  return head?.kind === 'mtp' ? mtpRefusal(architecture) : null
}

const algorithms = { eagle1: 'EAGLE', eagle3: 'EAGLE3', mtp: 'NEXTN', draft: 'STANDALONE' } as const

/** The pending token is counted among the tokens that are verified. */
function speculative(target: Target, head: Head | null, { steps, topK, nodes }: DraftShape): readonly string[][] {
  const verified = ['--speculative-num-draft-tokens', `${nodes + 1}`]
  // A chain, as the lookup here: by default the cache gives a tree.
  if (!head) return [['--speculative-algorithm', 'NGRAM'], verified, ['--speculative-ngram-max-bfs-breadth', '1']]
  return [
    ['--speculative-algorithm', algorithms[head.kind as keyof typeof algorithms]],
    ...(head.location === target.location ? [] : [['--speculative-draft-model-path', head.location]]),
    ['--speculative-num-steps', `${steps}`],
    ['--speculative-eagle-topk', `${topK}`],
    verified,
  ]
}

function editsOf(target: Target, head: Head | null): readonly Edit[] {
  if (head?.kind !== 'eagle1' && head?.kind !== 'eagle3') return []
  const known = head.kind === 'eagle1' ? 'LlamaForCausalLMEagle' : 'LlamaForCausalLMEagle3'
  return [
    ...(head.architecture === known
      ? []
      : [{ fields: { architectures: [known] }, because: 'SGLang has its class for such a head by this name' }]),
    ...captureEdits(head, target),
  ]
}

/** SGLang takes ids for what leaves a layer: it adds 1. */
function captureEdits(head: EagleHead, { layers }: Target): readonly Edit[] {
  const leaving = entering(head, layers)?.map((id) => id - 1)
  if (!leaving || !head.captures || leaving.includes(-1)) return []
  const { stored } = head.captures
  if (stored.join() === leaving.join()) return []
  const because = `it counts layers by what enters them, SGLang by what leaves, and would feed it what enters ${plusOne(stored)}`
  return [{ fields: captureFields(head, leaving), because }]
}

function plusOne(ids: readonly number[]): string {
  return ids.map((id) => id + 1).join(', ')
}

function notesOf(target: Target, head: Head | null, { topK }: DraftShape): readonly string[] {
  if (!head)
    return ['NGRAM needs CUDA. Its cache learns from all that the server writes, the lookup here from one text.']
  if (head.kind !== 'eagle1' && head.kind !== 'eagle3') return []
  const names = head.kind === 'eagle1' ? 'layers.0.* and fc.*' : 'midlayer.*'
  const { stored = [] } = head.captures ?? {}
  return [
    ...(head.layout === 'speculators'
      ? [
          `Its tensors have the names of speculators; SGLang reads ${names} and passes over others: rename them in a copy.`,
        ]
      : []),
    ...(entering(head, target.layers)?.includes(0)
      ? [`It captures the embedding, which no id of SGLang names: it would be fed what enters ${plusOne(stored)}.`]
      : []),
    ...(topK > 1
      ? ['A tree excludes the overlap scheduler (SpecV2), which takes --speculative-eagle-topk 1 only.']
      : []),
  ]
}
