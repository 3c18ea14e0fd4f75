import { chain, loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { ModelProbe } from '../../../verify/src/model-probe'
import { tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'
import { type EagleOptions, eagle } from '../src'
import { type PlainFlags, plainSteps } from './plain-eagle'
import { booleans, type HeadParts, headTensors, int64, tinyHeadConfig, writeHead } from './tiny-head'

const prompt = [3, 17, 42, 8, 25, 60, 11]
const steps = 3
const folder = await writeTinyModel({ config: { num_hidden_layers: 5 } })
const target = await targetStates()

/** The target's embedding, and for each committed position of the prompt its states: final, and entering each layer. */
async function targetStates() {
  const backend = referenceBackend()
  const checkpoint = await openCheckpoint(folder)
  const model = await loadDecoder(backend, checkpoint, { slots: 64, maxRows: 16 })
  const embedding = await checkpoint.vector('model.embed_tokens.weight')
  const { hidden, vocab } = model.config
  const probe = new ModelProbe(backend, model, 64, 16, [0, 1, 2, 3, 4, 5])
  await probe.start(prompt.slice(0, 1))
  const { finalHidden, layerInputs } = await probe.tree(chain(prompt.slice(1)))
  await checkpoint.close()
  const committed = <T>(rows: readonly T[] | undefined) => (rows as readonly T[]).slice(0, -1)
  return {
    embedding: Array.from({ length: vocab }, (_, i) => [...embedding.subarray(i * hidden, (i + 1) * hidden)]),
    final: committed(finalHidden).map((row) => [[...row]]),
    entering: (layers: readonly number[]) =>
      committed(prompt).map((_, row) => layers.map((layer) => [...(layerInputs.get(layer)?.[row] ?? [])])),
  }
}

interface Variant {
  readonly parts: HeadParts
  readonly flags?: Partial<PlainFlags>
  /** Added to `config.json`; null: written as speculators write it, the layer's sizes nested. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly nested?: boolean
  readonly rename?: (name: string) => string
  readonly more?: Parameters<typeof writeHead>[2] & {}
  readonly options?: Partial<EagleOptions>
  /** Layers whose entering states the head is to be fed; `final`: the final hidden state. */
  readonly reads?: readonly number[] | 'final'
}

const midlayer = (name: string) => name.replace('layers.0.', 'midlayer.')
/** Every second token but the first: rows of the draft vocabulary. */
const half = Array.from({ length: 30 }, (_, row) => 2 * row + 1)
const d2t = int64(
  'd2t',
  half.map((id, row) => id - row),
)
const t2d = booleans(
  't2d',
  Array.from({ length: tinyConfig.vocab_size }, (_, id) => half.includes(id)),
)

const base: Variant = { parts: { kind: 3 }, rename: midlayer }
const first: Variant = { parts: { kind: 1 }, config: { architectures: ['LlamaForCausalLMEagle'] }, reads: 'final' }

const variants: Readonly<Record<string, Variant>> = {
  'EAGLE-3 in the layout of SafeAILab, its own choice of layers': base,
  'with the names of speculators': { parts: { kind: 3 }, nested: true },
  'below model.': { ...base, rename: (name) => `model.${midlayer(name)}` },
  'with layer ids in eagle_config': {
    ...base,
    config: { eagle_config: { eagle_aux_hidden_state_layer_ids: [0, 3, 5] } },
    reads: [0, 3, 5],
  },
  'with layer ids at the top': { ...base, config: { eagle_aux_hidden_state_layer_ids: [1, 2, 4] }, reads: [1, 2, 4] },
  'with ids of layers that are left': {
    ...base,
    config: { eagle_aux_hidden_state_layer_ids: [0, 2, 3] },
    options: { layerIds: 'leaving' },
    reads: [1, 3, 4],
  },
  'with the ids that SpecForge writes': { ...base, config: { eagle_aux_hidden_state_layer_ids: [1, 1, 1] } },
  'with layers by option': { ...base, options: { layers: [4, 1, 0] }, reads: [4, 1, 0] },
  'with two captured states': {
    ...base,
    parts: { kind: 3, states: 2 },
    config: { eagle_aux_hidden_state_layer_ids: [1, 4] },
    reads: [1, 4],
  },
  'with five captured states': {
    ...base,
    parts: { kind: 3, states: 5 },
    config: { eagle_aux_hidden_state_layer_ids: [0, 1, 2, 3, 4] },
    reads: [0, 1, 2, 3, 4],
  },
  'fed the final hidden state alone': {
    ...base,
    parts: { kind: 3, states: 0 },
    config: { eagle_config: { use_aux_hidden_state: false } },
    reads: 'final',
  },
  norm_before_residual: { ...base, config: { norm_before_residual: true }, flags: { normBeforeResidual: true } },
  norm_before_fc: { ...base, parts: { kind: 3, inputNorm: true }, config: { norm_before_fc: true } },
  fc_norm: { ...base, parts: { kind: 3, fcNorm: true }, config: { fc_norm: true } },
  norm_output: { ...base, config: { norm_output: true }, flags: { normOutput: true } },
  'fc_norm, norm_output and norm_before_residual': {
    ...base,
    parts: { kind: 3, fcNorm: true },
    nested: true,
    rename: (name) => name,
    config: { fc_norm: true, norm_output: true, norm_before_residual: true },
    flags: { normOutput: true, normBeforeResidual: true },
  },
  'with a rotary base of its own': { ...base, config: { rope_theta: 500 }, flags: { theta: 500 } },
  'with a rotary base in rope_parameters': {
    ...base,
    config: { rope_theta: undefined, rope_parameters: { rope_type: 'default', rope_theta: 500 } },
    flags: { theta: 500 },
  },
  'with a bias of fc': { ...base, parts: { kind: 3, fcBias: true } },
  'with biases of q, k and v': { ...base, parts: { kind: 3, qkvBias: true } },
  'with norms of q and k': { ...base, parts: { kind: 3, headNorm: true } },
  'of two layers': { parts: { kind: 3, layers: 2 }, nested: true },
  'with an embedding of its own': { ...base, parts: { kind: 3, embedding: true } },
  'with a hidden size of its own': {
    ...base,
    parts: { kind: 3, embedding: true, hidden: 48 },
    config: { hidden_size: 48, target_hidden_size: 64 },
  },
  'with a draft vocabulary': {
    ...base,
    parts: { kind: 3, vocab: half.length },
    config: { draft_vocab_size: half.length },
    more: { more: [d2t, t2d] },
    flags: { targetIds: half },
  },
  'with the target’s LM head': { ...base, parts: { kind: 3, vocab: 0 } },
  'EAGLE-1': first,
  'EAGLE-1 with a bias': { ...first, parts: { kind: 1, fcBias: true } },
  'EAGLE-1 with LM head and embedding': { ...first, parts: { kind: 1, vocab: 61, embedding: true } },
  'EAGLE-1 of two layers': { ...first, parts: { kind: 1, layers: 2 } },
  'EAGLE-1 with the names of speculators': {
    ...first,
    nested: true,
    config: { architectures: ['EagleSpeculator'] },
    rename: (name) => name.replace('layers.0.', 'transformer.').replace(/^fc\./, 'fusion_fc.'),
  },
}

function configOf({ config = {}, nested }: Variant): Readonly<Record<string, unknown>> {
  if (!nested) return { ...tinyHeadConfig, ...config }
  const layer = { ...tinyConfig, num_hidden_layers: 1 }
  return {
    speculators_model_type: 'eagle3',
    architectures: ['Eagle3Speculator'],
    ...config,
    transformer_layer_config: layer,
  }
}

/** What the second writing of EAGLE makes of a variant. */
function expected({ parts, flags = {}, reads = [2, 2, 2] }: Variant) {
  const states = reads === 'final' ? target.final : target.entering(reads)
  const { embedding } = target
  const input = { states, tokens: prompt.slice(1), embedding, lmHead: embedding }
  return plainSteps(headTensors(parts), { kind: parts.kind, ...flags }, input, steps)
}

describe('heads in every layout compute what a second writing of EAGLE does', () => {
  test.each(Object.entries(variants))('%s', async (_, variant) => {
    const { parts, rename = (name: string) => name, more = {}, options = {}, flags } = variant
    const head = await writeHead(headTensors(parts), configOf(variant), { rename, ...more })
    const backend = referenceBackend()
    const strategy = eagle({ head, tokens: steps, ...options })
    const probe = await DraftProbe.open({ backend, model: folder, strategy, capacity: 60 })
    await probe.start(prompt)
    const { tree, steps: found } = await probe.draft({ nodes: 10, depth: 10 })
    await probe.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    const wanted = expected(variant)
    expect(found).toHaveLength(steps)
    wanted.forEach((logProbs, step) => {
      const order = [...logProbs.keys()].sort((a, b) => (logProbs[b] as number) - (logProbs[a] as number)).slice(0, 8)
      const { ids = [], logProbs: values = [] } = found[step] ?? {}
      expect({ step, ids }).toEqual({ step, ids: order })
      ids.forEach((id, i) => {
        expect(values[i]).toBeCloseTo(logProbs[id] as number, 3)
      })
      const [best = 0] = order
      expect(tree.tokens[step]).toBe(flags?.targetIds?.[best] ?? best)
    })
  })

  test('what a flag changes, shows', () => {
    const plain = expected(base).flat()
    for (const name of [
      'norm_before_residual',
      'norm_before_fc',
      'fc_norm',
      'norm_output',
      'with a rotary base of its own',
    ]) {
      const changed = expected(variants[name] as Variant).flat()
      const largest = plain.reduce((most, value, i) => Math.max(most, Math.abs(value - (changed[i] as number))), 0)
      expect({ name, shows: largest > 0.05 }).toEqual({ name, shows: true })
    }
  })
})
