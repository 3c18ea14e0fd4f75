import {
  type LayerWeights,
  type ModelConfig,
  type Norm,
  OutriderError,
  type Owned,
  type RopeTable,
  ropeTable,
  type StrategyHost,
  type Weight,
  WeightReader,
} from '@outrider/core'
import { hfConfig } from '@outrider/core/load'
import type { Layout, ModuleNames } from './layouts'
import type { ModuleFiles } from './module-files'

/** What joins an embedding with a hidden state, and makes logits of what comes out. */
export interface JoinWeights {
  readonly embedding: Weight
  readonly embeddingNorm: Norm
  readonly hiddenNorm: Norm
  /** [hidden, 2 · hidden]. */
  readonly projection: Weight
  readonly finalNorm: Norm
  readonly lmHead: Weight
}

/** Modules on the device. */
export interface ModuleWeights {
  readonly layout: Layout
  readonly model: ModelConfig
  readonly rope: RopeTable
  readonly modules: readonly { readonly layer: LayerWeights; readonly join: JoinWeights | null }[]
}

/**
 * Puts modules on the device and checks that they fit the target. Throws `UNSUPPORTED_ARCHITECTURE` (a mixture of experts, latent or
 * gated attention), `UNSUPPORTED_CONFIG`, `TENSOR_MISSING`, `TENSOR_SHAPE` (also where the target's hidden size is another),
 * `VOCABULARY_MISMATCH`, `UNSUPPORTED_FORMAT`, `FILE_TRUNCATED`, `OUT_OF_MEMORY`; the owner frees what was taken.
 */
export async function readModules(
  host: StrategyHost,
  files: ModuleFiles,
  owned: Owned,
  { layout, modules }: { readonly layout: Layout; readonly modules: readonly number[] },
): Promise<ModuleWeights> {
  const { backend, capacity, maxRows } = host
  checkDense(files)
  const model = layerConfig(host, files, layout.layer(modules[0] as number))
  const reader = new WeightReader(backend, files, owned, {
    rotaryOrder: layout.rotaryOrder,
    onProgress: host.onProgress,
  })
  const known = new Map<string, Promise<JoinWeights>>()
  const read: { layer: LayerWeights; join: JoinWeights | null }[] = []
  for (const module of modules) {
    const names = layout.names?.(module)
    const key = JSON.stringify(names)
    if (names && !known.has(key)) known.set(key, readJoin(host, files, reader, names, model))
    read.push({ join: (await known.get(key)) ?? null, layer: await reader.layer(layout.layer(module), model) })
  }
  files.checkAllUsed()
  const slots = capacity + maxRows
  const table = owned.add(backend.tensor([slots, model.headDim], 'f32', 'mtp rope table'))
  backend.write(table, ropeTable(model, slots, capacity))
  return { layout, model, rope: { table }, modules: read }
}

async function readJoin(
  host: StrategyHost,
  files: ModuleFiles,
  reader: WeightReader,
  names: ModuleNames,
  { hidden, eps }: ModelConfig,
): Promise<JoinWeights> {
  const { target } = host
  const norm = (name: string) => reader.norm(`${name}.weight`, hidden, eps)
  const table = async (name: string, otherwise: Weight): Promise<Weight> => {
    if (!files.has(`${name}.weight`)) return otherwise
    const [rows = 0] = files.shape(`${name}.weight`)
    checkVocabulary(host, files, `${name}.weight has`, rows)
    return reader.matrix(`${name}.weight`, [rows, hidden])
  }
  return {
    embedding: await table(names.embedding, target.embedding),
    embeddingNorm: await norm(names.embeddingNorm),
    hiddenNorm: await norm(names.hiddenNorm),
    projection: await reader.matrix(`${names.projection}.weight`, [hidden, 2 * hidden]),
    finalNorm: await norm(names.finalNorm),
    lmHead: await table(names.lmHead, target.lmHead),
  }
}

/** The configuration of a module's layer: that of its own config.json, else the target's; biases and head norms by their tensors. */
function layerConfig(host: StrategyHost, files: ModuleFiles, layer: string): ModelConfig {
  const { config: target } = host.target
  const attention = `${layer}.self_attn`
  const own = files.config && 'hidden_size' in files.config
  const config = own ? hfConfig({ ...files.config, architectures: ['LlamaForCausalLM'] }) : target
  if (config.hidden !== target.hidden)
    throw new OutriderError(
      'TENSOR_SHAPE',
      `${files.location} was made for another target: its hidden size is ${config.hidden}, the target's ${target.hidden}: take the module of this target`,
      { details: { location: files.location, found: config.hidden, target: target.hidden } },
    )
  checkVocabulary(host, files, 'its configuration names', config.vocab)
  return {
    ...config,
    qkvBias: files.has(`${attention}.q_proj.bias`),
    headNorm: files.has(`${attention}.q_norm.weight`),
  }
}

function checkVocabulary(
  { target, tokenizer }: StrategyHost,
  { location }: ModuleFiles,
  what: string,
  rows: number,
): void {
  const { vocab } = target.config
  const size = tokenizer?.size ?? vocab
  if (rows >= size && rows <= vocab) return
  throw new OutriderError(
    'VOCABULARY_MISMATCH',
    `${location} does not fit the target: ${what} ${rows} tokens, the target has ${vocab} (${size} in use): take the module of this target`,
    { details: { location, rows, target: vocab } },
  )
}

/** Parts that no dense Llama layer has. */
const foreign: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\.mlp\.(experts?\.|gate\.|shared_experts?)|\.block_sparse_moe\./, 'a mixture of experts'],
  [/\.self_attn\.(kv_a_proj|q_a_proj|kv_b_proj)/, 'latent attention'],
]

function checkDense({ location, names, config }: ModuleFiles): void {
  for (const [pattern, what] of foreign) {
    const tensor = names.find((name) => pattern.test(name))
    if (tensor !== undefined) throw unsupported(location, `${tensor} belongs to ${what}`)
  }
  if (config?.attn_output_gate === true) throw unsupported(location, 'attn_output_gate makes it gated attention')
}

function unsupported(location: string, what: string): OutriderError {
  return new OutriderError(
    'UNSUPPORTED_ARCHITECTURE',
    `${location}: ${what}, which a module cannot have yet: take one with a dense Llama layer`,
    { details: { location } },
  )
}
