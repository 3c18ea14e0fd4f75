import { type LayerShape, type ModelConfig, OutriderError } from '@outrider/core'
import { hfConfig } from '@outrider/core/load'
import type { HeadFiles } from './head-files'
import { type Layout, layoutNames, layoutOf } from './layouts'
import type { EagleOptions } from './options'

/** What a head computes, whatever its layout. */
export interface HeadConfig {
  readonly layout: Layout
  /** Sizes of its first decoder layer, and the rotary embedding of all. */
  readonly model: ModelConfig
  readonly shape: LayerShape
  readonly layers: number
  /** The target's hidden states that are its features: the final one, or residual streams entering layers. */
  readonly features: 'final' | readonly number[]
  /** RMSNorm before the projection of captured states: none, one over all, or one for each. */
  readonly featureNorm: 'none' | 'all' | 'each'
  /** Whether the residual stream begins with the normalised feature (`norm_before_residual`). */
  readonly normedResidual: boolean
  /** Whether the next step is fed the state after the final norm (`norm_output`, EAGLE-3.1). */
  readonly normedOutput: boolean
}

/**
 * Reads a head's configuration and the signs in its tensors. `target` is the model that it is to draft for. Throws
 * `FILE_NOT_FOUND`, `FILE_MALFORMED`, `TENSOR_MISSING`, `UNSUPPORTED_ARCHITECTURE`, `UNSUPPORTED_CONFIG`, `UNSUPPORTED_FORMAT`,
 * `INVALID_OPTION`.
 */
export function headConfig(files: HeadFiles, target: ModelConfig, options: EagleOptions): HeadConfig {
  const { location, config } = files
  if (!config) throw new OutriderError('FILE_NOT_FOUND', `${location}: a head needs its config.json beside its tensors`)
  checkDense(files)
  const flags = new Flags(config, location)
  const third = flags.third || files.names.some((name) => name.endsWith('.hidden_norm.weight'))
  const layout = layoutOf({ begins: (start) => files.begins(start), third })
  if (!layout)
    throw new OutriderError(
      'TENSOR_MISSING',
      `${location} has the decoder layer of none of the known EAGLE layouts (${layoutNames}): is it an EAGLE head?`,
      { details: { location } },
    )
  const model = layerConfig(flags, files, layout)
  const { hidden } = model
  return {
    layout,
    model,
    shape: layout.join === 'attention' ? { ...model, inputs: 2 * hidden } : model,
    layers: layerCount(files, layout),
    features: features(flags, layout, target, options),
    featureNorm: featureNorm(flags, files, layout),
    normedResidual: layout.join === 'attention' && flags.boolean('norm_before_residual'),
    normedOutput: layout.join === 'attention' && flags.boolean('norm_output'),
  }
}

function checkDense({ location, names }: HeadFiles): void {
  const expert = names.find((name) => /\.experts\.|\.block_sparse_moe\.|\.shared_expert/.test(name))
  if (expert === undefined) return
  throw new OutriderError(
    'UNSUPPORTED_ARCHITECTURE',
    `${location}: ${expert} belongs to a mixture of experts, which a head cannot be yet: take a head with a dense layer`,
    { details: { location, tensor: expert } },
  )
}

/** The layer is a Llama's; biases and norms of q and k are there where their tensors are. */
function layerConfig(flags: Flags, files: HeadFiles, layout: Layout): ModelConfig {
  const attention = `${layout.layer(0)}.self_attn`
  return {
    ...hfConfig({ ...flags.layer, architectures: ['LlamaForCausalLM'] }),
    qkvBias: files.has(`${attention}.q_proj.bias`),
    headNorm: files.has(`${attention}.q_norm.weight`),
  }
}

function layerCount(files: HeadFiles, { layer }: Layout): number {
  if (layer(0) === layer(1)) return 1
  let count = 1
  while (files.begins(`${layer(count)}.`)) count++
  return count
}

function features(flags: Flags, { join }: Layout, target: ModelConfig, options: EagleOptions): HeadConfig['features'] {
  const { location } = flags
  if (join === 'stream' || !flags.boolean('use_aux_hidden_state', true)) {
    if (options.layers || options.layerIds)
      throw new OutriderError('INVALID_OPTION', `eagle: ${location} captures no layers: leave layers and layerIds away`)
    return 'final'
  }
  const { layers } = target
  const stored = flags.ids('eagle_aux_hidden_state_layer_ids') ?? flags.ids('aux_hidden_state_layer_ids')
  // SpecForge writes its own choice of layers by what leaves them; everyone else by what enters.
  const leaving = stored?.join() === [1, Math.floor(layers / 2) - 1, layers - 4].join()
  const convention = options.layerIds ?? (leaving ? 'leaving' : 'entering')
  const shifted = stored?.map((id) => (convention === 'leaving' ? id + 1 : id))
  const ids = options.layers ?? shifted ?? [2, Math.floor(layers / 2), layers - 3]
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id > layers)
  if (ids.length > 0 && wrong === undefined) return ids
  throw new OutriderError(
    options.layers ? 'INVALID_OPTION' : 'UNSUPPORTED_CONFIG',
    `${location}: it captures what enters layer ${wrong}, but the target has ${layers} layers: take the head of this target, or say with the option layers which layers it captures`,
    { details: { location, layers: ids, targetLayers: layers } },
  )
}

function featureNorm(flags: Flags, files: HeadFiles, { join }: Layout): HeadConfig['featureNorm'] {
  if (join === 'stream') return 'none'
  const each = flags.boolean('fc_norm') || files.has('fc_norm.0.weight')
  const all = flags.boolean('norm_before_fc') || files.has('input_norm.weight')
  if (each && all)
    throw new OutriderError(
      'UNSUPPORTED_CONFIG',
      `${flags.location}: fc_norm and norm_before_fc exclude each other, and this head has both`,
    )
  return each ? 'each' : all ? 'all' : 'none'
}

type Values = Readonly<Record<string, unknown>>

/** A head's settings, which lie at the top, in `eagle_config` or in `transformer_layer_config`. */
class Flags {
  /** The fields of the decoder layer. */
  readonly layer: Values
  readonly third: boolean
  readonly #places: readonly Values[]

  constructor(
    config: Values,
    readonly location: string,
  ) {
    this.layer = record(config.transformer_layer_config) ?? config
    this.#places = [config, record(config.eagle_config) ?? {}, this.layer]
    const called = [config.speculators_model_type, config.architectures].flat().join()
    this.third = /eagle-?_?3/i.test(called)
  }

  boolean(name: string, otherwise = false): boolean {
    const value = this.#value(name) ?? otherwise
    if (typeof value === 'boolean') return value
    throw this.#malformed(name, 'true or false')
  }

  ids(name: string): readonly number[] | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((id) => Number.isInteger(id))) return value as readonly number[]
    throw this.#malformed(name, 'a list of layer ids')
  }

  #value(name: string): unknown {
    for (const place of this.#places) if ((place[name] ?? undefined) !== undefined) return place[name]
    return undefined
  }

  #malformed(name: string, expected: string): OutriderError {
    return new OutriderError(
      'FILE_MALFORMED',
      `${this.location}: ${name} in config.json must be ${expected}, but is ${JSON.stringify(this.#value(name))}`,
      { details: { location: this.location, name } },
    )
  }
}

function record(value: unknown): Values | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : undefined
}
