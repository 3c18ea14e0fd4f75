import {
  type LayerWeights,
  type Norm,
  OutriderError,
  type Owned,
  type RopeTable,
  ropeTable,
  type StrategyHost,
  type Tensor,
  type Weight,
  WeightReader,
} from '@outrider/core'
import type { HeadConfig } from './head-config'
import type { HeadFiles } from './head-files'
import type { EagleOptions } from './options'
import { draftVocabulary } from './vocabulary'

/** Positions that a draft may reach beyond the committed ones. */
const draftReach = 64

/** A head on the device. */
export interface HeadWeights {
  readonly embedding: Weight
  readonly lmHead: Weight
  /** Rows of the LM head that are chosen from. */
  readonly vocab: number
  /** u32 [vocab]: the target's id of each; null where they are the target's own. */
  readonly targetIds: Tensor | null
  /** `fc`: of the captured states, or of embedding and feature. null for an EAGLE-3 head that is fed the final hidden state. */
  readonly projection: {
    readonly weight: Weight
    readonly bias: Tensor | undefined
    readonly norm: Norm | undefined
  } | null
  /** Norm of each captured state (`fc_norm`); undefined where there is none. */
  readonly captureNorms: readonly Norm[] | undefined
  /** Norms of the two halves of the attention's input (EAGLE-3). */
  readonly inputNorms: { readonly embedding: Norm; readonly feature: Norm } | undefined
  readonly layers: readonly LayerWeights[]
  readonly outputNorm: Norm | undefined
  readonly rope: RopeTable
}

/**
 * Puts a head on the device. Throws `TENSOR_MISSING`, `TENSOR_SHAPE` (also where the target's hidden size is another),
 * `VOCABULARY_MISMATCH`, `UNSUPPORTED_CONFIG`, `UNSUPPORTED_FORMAT`, `FILE_TRUNCATED`, `OUT_OF_MEMORY`; `owned` then frees what was taken.
 */
export async function loadHead(
  files: HeadFiles,
  config: HeadConfig,
  host: StrategyHost,
  options: EagleOptions,
  owned: Owned,
): Promise<HeadWeights> {
  const { backend, target } = host
  const { layout, model, features } = config
  const { hidden, eps } = model
  checkHidden(files, config, host)
  const reader = new WeightReader(backend, files, owned, host.onProgress ? { onProgress: host.onProgress } : {})
  const ownHead = files.has('lm_head.weight')
  const rows = ownHead ? (files.shape('lm_head.weight')[0] as number) : target.config.vocab
  const { size, targetIds } = await draftVocabulary(files, host, { rows, vocab: model.vocab })
  const third = layout.join === 'attention'
  const width = third ? states(config) * target.config.hidden : 2 * hidden
  const norm = (name: string, length = hidden) => reader.norm(`${name}.weight`, length, eps)
  const first = layout.layer(0)
  const inputNorms = third
    ? { embedding: await norm(`${first}.input_layernorm`), feature: await norm(`${first}.hidden_norm`) }
    : undefined
  const layers: LayerWeights[] = []
  for (let i = 0; i < config.layers; i++)
    layers.push(
      i === 0
        ? await reader.layer(first, config.shape, { inputNorm: false })
        : await reader.layer(layout.layer(i), model),
    )
  const captureNorms: Norm[] = []
  if (config.featureNorm === 'each')
    for (let i = 0; i < states(config); i++) captureNorms.push(await norm(`fc_norm.${i}`, target.config.hidden))
  const projects = !(third && features === 'final')
  const { projection: name } = layout
  const weights: HeadWeights = {
    embedding: await embedding(files, reader, config, host, options),
    lmHead: ownHead ? await reader.matrix('lm_head.weight', [size, hidden]) : target.lmHead,
    vocab: size,
    targetIds: targetIds && words(host, owned, targetIds),
    projection: projects
      ? {
          weight: await reader.matrix(`${name}.weight`, [hidden, width]),
          bias: files.has(`${name}.bias`) ? await reader.vector(`${name}.bias`, hidden) : undefined,
          norm: config.featureNorm === 'all' ? await norm('input_norm', width) : undefined,
        }
      : null,
    captureNorms: captureNorms.length > 0 ? captureNorms : undefined,
    inputNorms,
    layers,
    outputNorm: third ? await norm('norm') : undefined,
    rope: rope(config, host, owned),
  }
  files.checkAllUsed(layout.name)
  return weights
}

/** Hidden states of the target that make a feature. */
function states({ features }: HeadConfig): number {
  return features === 'final' ? 1 : features.length
}

/** The target's hidden size shows in the head's projection. */
function checkHidden(files: HeadFiles, config: HeadConfig, { target }: StrategyHost): void {
  const { layout, model, features } = config
  const { hidden } = target.config
  const name = `${layout.projection}.weight`
  const third = layout.join === 'attention'
  const parts = states(config)
  const found = third && features === 'final' ? model.hidden : (files.shape(name)[1] ?? 0) - (third ? 0 : model.hidden)
  if (found === parts * hidden) return
  throw new OutriderError(
    'TENSOR_SHAPE',
    `${files.location} was made for another target: ${name} takes features of ${found} values, but ${parts} hidden ${parts > 1 ? 'states' : 'state'} of this one ${parts > 1 ? 'have' : 'has'} ${parts * hidden}: take the head of this target`,
    { details: { location: files.location, found, states: parts, targetHidden: hidden } },
  )
}

async function embedding(
  files: HeadFiles,
  reader: WeightReader,
  { model }: HeadConfig,
  { target }: StrategyHost,
  options: EagleOptions,
): Promise<Weight> {
  const name = 'embed_tokens.weight'
  if (files.has(name) && options.embedding !== 'target') return reader.matrix(name, [model.vocab, model.hidden])
  files.ignore(name)
  if (options.embedding !== 'own' && model.hidden === target.config.hidden) return target.embedding
  throw new OutriderError(
    'TENSOR_MISSING',
    options.embedding === 'own'
      ? `${files.location} has no embedding of its own (${name}): leave the option embedding away`
      : `${files.location} has a hidden size of ${model.hidden} and no ${name}, and the target's embedding is ${target.config.hidden} wide: is it the right checkpoint?`,
    { details: { location: files.location, name } },
  )
}

function words({ backend }: StrategyHost, owned: Owned, values: Uint32Array<ArrayBuffer>): Tensor {
  const tensor = owned.add(backend.tensor([values.length], 'u32', 'target ids'))
  backend.write(tensor, values)
  return tensor
}

/** As long as a session, whatever the head was trained for: a shorter table would rotate late positions wrongly. */
function rope({ model }: HeadConfig, { backend, capacity, maxRows }: StrategyHost, owned: Owned): RopeTable {
  const positions = capacity + Math.max(maxRows, draftReach)
  const table = owned.add(backend.tensor([positions, model.headDim], 'f32', 'head rope table'))
  backend.write(table, ropeTable(model, positions, capacity))
  return { table }
}
