import type { EagleHead, Head, MedusaHead } from './head'
import { captureFields, entering, usualCaptures } from './head-eagle'
import type { Edit, Launch, Place } from './launch'
import { mtpRefusal } from './mtp-families'
import type { DraftShape } from './shape'
import type { Target } from './target'

type Config = Readonly<Record<string, string | number>>

/** How `vllm serve` is started with a head, or with its n-gram lookup where there is none. */
export function vllm(target: Target, head: Head | null, { steps }: DraftShape, { port, gpus }: Place): Launch {
  const refusal = head?.kind === 'mtp' ? mtpRefusal(target.architecture) : null
  if (refusal !== null) return { server: 'vLLM', command: null, edits: [], notes: [`vLLM ${refusal}.`] }
  const config = speculativeConfig(target, head, steps, gpus)
  return {
    server: 'vLLM',
    command: [
      ['vllm', 'serve', target.location],
      ['--port', `${port}`],
      ...(gpus > 1 ? [['--tensor-parallel-size', `${gpus}`]] : []),
      // Otherwise a model's generation_config.json may penalise repetition behind a request's back.
      ['--generation-config', 'vllm'],
      ['--speculative-config', JSON.stringify(config)],
    ],
    edits: editsOf(target, head),
    notes: notesOf(head),
  }
}

function speculativeConfig(target: Target, head: Head | null, steps: number, gpus: number): Config {
  const tokens = { num_speculative_tokens: steps }
  switch (head?.kind) {
    case 'eagle1':
    case 'eagle3':
      // A layer is too little work to share.
      return {
        method: head.kind === 'eagle3' ? 'eagle3' : 'eagle',
        model: head.location,
        ...tokens,
        draft_tensor_parallel_size: 1,
      }
    case 'medusa':
      return { method: 'medusa', model: head.location, ...tokens }
    case 'mtp':
      return { method: 'mtp', ...(head.location !== target.location && { model: head.location }), ...tokens }
    case 'draft':
      return { method: 'draft_model', model: head.location, ...tokens, draft_tensor_parallel_size: gpus }
    case undefined:
      return { method: 'ngram', ...tokens, prompt_lookup_max: 3, prompt_lookup_min: 1 }
  }
}

function editsOf(target: Target, head: Head | null): readonly Edit[] {
  if (head?.kind === 'eagle1' || head?.kind === 'eagle3') return eagleEdits(head, target)
  return head?.kind === 'medusa' ? medusaEdits(head) : []
}

/** vLLM puts Eagle or Eagle3 before the name in config.json and looks that up. */
function eagleEdits(head: EagleHead, target: Target): readonly Edit[] {
  const { kind, architecture, layout } = head
  const known =
    kind === 'eagle1'
      ? ['LlamaForCausalLM', 'EagleLlamaForCausalLM']
      : ['LlamaForCausalLM', 'LlamaForCausalLMEagle3', 'Eagle3LlamaForCausalLM']
  const unknown = layout === 'SafeAILab' && !known.includes(architecture ?? '')
  return [
    ...(unknown
      ? [
          {
            fields: { architectures: [known[0]] },
            because: `vLLM has no class for ${architecture ?? 'a head without one'}`,
          },
        ]
      : []),
    ...captureEdits(head, target),
  ]
}

/** vLLM takes ids for what enters a layer. Its newer model runner looks for them at the top of config.json only. */
function captureEdits(head: EagleHead, { layers }: Target): readonly Edit[] {
  const ids = entering(head, layers)
  if (!ids || !head.captures) return []
  const { top, nested } = head.captures
  const usual = usualCaptures(layers)
  const [newer, older] = [top ?? usual, top ?? nested ?? usual]
  const edit = (because: string): readonly Edit[] => [{ fields: captureFields(head, ids), because }]
  if (same(newer, ids) && same(older, ids)) return []
  if (same(older, ids))
    return edit(`vLLM's newer model runner looks for them at the top only, and else captures ${usual.join(', ')}`)
  return edit(`vLLM would capture what enters ${older.join(', ')}`)
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.join() === b.join()
}

function medusaEdits({ biased, biasDeclared }: MedusaHead): readonly Edit[] {
  if (!biased || biasDeclared) return []
  return [{ fields: { medusa_fc_bias: true }, because: 'the biases of its blocks are passed over without it' }]
}

function notesOf(head: Head | null): readonly string[] {
  if (head?.kind === 'medusa') return medusaNotes(head)
  if (head?.kind !== 'eagle1' || !head.projectionBias) return []
  return ['The bias of its fc has no place in vLLM and is passed over: without it fewer drafts are kept than here.']
}

function medusaNotes({ ownLmHead }: MedusaHead): readonly string[] {
  return [
    'vLLM has Medusa up to 0.32.0; 0.33.0 has it no more: pip install vllm==0.32.0.',
    ...(ownLmHead
      ? []
      : [
          "It uses the target's LM head, which vLLM takes from the head's own file: copy the target's there as lm_heads.0.weight.",
        ]),
  ]
}
