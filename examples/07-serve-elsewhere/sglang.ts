import type { EagleHead, Head } from './head'
import { captureFields, entering, usualCaptures } from './head-eagle'
import type { Edit, Launch, Place } from './launch'
import { mtpRefusal } from './mtp-families'
import type { DraftShape } from './shape'
import type { Target } from './target'

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
      ...(gpus > 1 ? [['--tp-size', `${gpus}`]] : []),
      ['--enable-metrics'],
      // Otherwise a model's generation_config.json may penalise repetition behind a request's back.
      ['--sampling-defaults', 'openai'],
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
  const layer = head.config.transformer_layer_config
  return [
    ...(typeof layer === 'object' && layer !== null
      ? [
          {
            fields: { ...layer },
            because: "SGLang reads the layer's settings at the top, not in transformer_layer_config",
          },
        ]
      : []),
    ...(head.architecture === known
      ? []
      : [{ fields: { architectures: [known] }, because: 'SGLang has its class for such a head by this name' }]),
    ...captureEdits(head, target),
  ]
}

/** SGLang takes ids, of `eagle_config` alone, for what leaves a layer: it adds 1. */
function captureEdits(head: EagleHead, { layers }: Target): readonly Edit[] {
  const ids = entering(head, layers)
  if (!ids || !head.captures || ids.includes(0)) return []
  const read = readAs(head, layers)
  if (read.join() === ids.join()) return []
  const leaving = ids.map((id) => id - 1)
  const because = `SGLang takes ids of eagle_config for what leaves a layer, and would feed it what enters ${read.join(', ')} in place of ${ids.join(', ')}`
  return [{ fields: captureFields(head, leaving), because }]
}

/** The layers whose input SGLang would capture for a head as it is. */
function readAs({ captures }: EagleHead, layers: number): readonly number[] {
  return captures?.nested?.map((id) => id + 1) ?? usualCaptures(layers)
}

function notesOf(target: Target, head: Head | null, { topK }: DraftShape): readonly string[] {
  if (!head) return ["NGRAM's cache learns from all that the server writes, the lookup here from one text."]
  if (head.kind !== 'eagle1' && head.kind !== 'eagle3') return []
  const first = head.kind === 'eagle1'
  return [
    ...(first && head.layout === 'speculators'
      ? ['Its tensors have the names of speculators, where SGLang reads layers.0.* and fc.*: rename them in a copy.']
      : []),
    ...(first && !head.projectionBias
      ? ["SGLang's fc has a bias, which stays as it was made where a head has none: add fc.bias of zeros."]
      : []),
    ...(entering(head, target.layers)?.includes(0)
      ? [
          `It captures the embedding, which no id of SGLang names: it would be fed what enters ${readAs(head, target.layers).join(', ')}.`,
        ]
      : []),
    ...(topK > 1
      ? ['A tree needs --page-size 1 or --attention-backend flashinfer, fa3 or triton, and trtllm_mha takes none.']
      : []),
  ]
}
