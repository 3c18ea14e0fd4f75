import { createKvCache } from '../cache'
import { OutriderError } from '../errors'
import { building, type Owned } from '../owned'
import type {
  Backend,
  Checkpoint,
  DecoderModel,
  ForwardArgs,
  KvCache,
  LoadProgress,
  ModelConfig,
  Norm,
  Ops,
  Pass,
  RopeTable,
  Tensor,
  Weight,
} from '../spec'
import { type LayerSpace, type LayerWeights, layerSpace, recordLayer } from './layer'
import { ropeTable } from './rope'
import { WeightReader } from './weights'

/** How a decoder is put on a device. */
export interface DecoderOptions {
  /** Positions of the largest cache: those of a sequence and the `maxRows` provisional ones of a pass. */
  readonly slots: number
  /** Rows of the largest pass. */
  readonly maxRows: number
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Activations of one pass. They belong to the model: passes of one engine run one after another. */
interface Workspace extends LayerSpace {
  readonly stream: Tensor
  readonly logits: Tensor
}

/** The Llama family as op calls: five a layer. Touvron et al. 2023; grouped-query attention, RMSNorm, SwiGLU, rotary positions. */
class LlamaDecoder implements DecoderModel {
  constructor(
    private readonly backend: Backend,
    readonly config: ModelConfig,
    readonly embedding: Weight,
    readonly lmHead: Weight,
    readonly finalNorm: Norm,
    private readonly layers: readonly LayerWeights[],
    private readonly rope: RopeTable,
    private readonly space: Workspace,
    private readonly owned: Owned,
  ) {}

  cache(slots: number, label: string): KvCache {
    return createKvCache(this.backend, this.config, slots, label)
  }

  forward(ops: Ops, { pass, cache, from = 0, to = this.config.layers, x: entering, capture }: ForwardArgs): Tensor {
    const { stream: x } = this.space
    const { rows } = pass
    if (entering && entering !== x) ops.concat({ parts: [{ x: entering }], out: x, rows })
    if (from === 0 && !entering) ops.embed({ table: this.embedding, pass, out: x })
    for (let index = from; index < to; index++) {
      const kept = capture?.get(index)
      if (kept) ops.concat({ parts: [{ x }], out: kept, rows })
      const layer = this.layers[index] as LayerWeights
      const { config: shape, rope, space } = this
      recordLayer(ops, { layer, shape, rope, pass, cache: cache.layer(index), space, x })
    }
    const leaving = to === this.config.layers ? capture?.get(to) : undefined
    if (leaving) ops.concat({ parts: [{ x }], out: leaving, rows })
    return x
  }

  logits(ops: Ops, { x, rows, pass }: { x: Tensor; rows: number; pass?: Pass }): Tensor {
    // The norm is folded into the head also where the normed state is kept: what is kept must not change a logit's bits.
    const { logits } = this.space
    ops.linear({ x, weight: this.lmHead, out: logits, rows, norm: this.finalNorm, ...(pass && { pass }) })
    return logits
  }

  dispose(): void {
    this.owned.dispose()
  }
}

function workspace(backend: Backend, owned: Owned, config: ModelConfig, maxRows: number): Workspace {
  const rows = (width: number, label: string) => owned.add(backend.tensor([maxRows, width], 'f32', label))
  const stream = rows(config.hidden, 'residual stream')
  return { stream, ...layerSpace(backend, owned, config, maxRows), logits: rows(config.vocab, 'logits') }
}

/** Refuses, before any weight is read, rows of logits that the device cannot bind at once. */
function checkLogits({ info }: Backend, { vocab }: ModelConfig, maxRows: number): void {
  const most = Math.floor(info.maxTensorBytes / (4 * vocab))
  if (maxRows <= most) return
  throw new OutriderError(
    'DEVICE_LACKS',
    `logits of ${maxRows} rows over ${vocab} tokens take ${4 * vocab * maxRows} bytes, and this device binds at most ${info.maxTensorBytes}: lower maxRows to ${most} or less`,
    { details: { maxRows, vocab, most, maxTensorBytes: info.maxTensorBytes } },
  )
}

/** Refuses, before any weight is read, what the attention op refuses. */
function checkHeads({ headDim }: ModelConfig, location: string): void {
  if (headDim % 2 === 0 && headDim >= 32 && headDim <= 256) return
  throw new OutriderError(
    'UNSUPPORTED_CONFIG',
    `${location}: heads of ${headDim} values are not known: attention takes even sizes from 32 to 256`,
    { details: { headDim } },
  )
}

/**
 * Puts a checkpoint on a device. What it took is freed if it throws: `TENSOR_MISSING`, `TENSOR_SHAPE`, `FILE_TRUNCATED`,
 * `UNSUPPORTED_CONFIG`, `UNSUPPORTED_FORMAT`, `DEVICE_LACKS`, `OUT_OF_MEMORY`, `ABORTED`.
 *
 * @example
 * ```ts
 * import { loadDecoder, openCheckpoint } from '@outrider/core'
 * import { referenceBackend } from '@outrider/core/reference'
 *
 * const checkpoint = await openCheckpoint('./models/stories-5m')
 * const model = await loadDecoder(referenceBackend(), checkpoint, { slots: 576, maxRows: 64 })
 * ```
 */
export function loadDecoder(backend: Backend, checkpoint: Checkpoint, options: DecoderOptions): Promise<DecoderModel> {
  const config = checkpoint.model
  return building(async (owned) => {
    checkHeads(config, checkpoint.location)
    checkLogits(backend, config, options.maxRows)
    const reader = new WeightReader(backend, checkpoint, owned, { ...options, rotaryOrder: checkpoint.rotaryOrder })
    const embedding = await reader.matrix('model.embed_tokens.weight', [config.vocab, config.hidden])
    const lmHead = config.tied ? embedding : await reader.matrix('lm_head.weight', [config.vocab, config.hidden])
    const layers: LayerWeights[] = []
    for (let index = 0; index < config.layers; index++) layers.push(await reader.layer(`model.layers.${index}`, config))
    const finalNorm = await reader.norm('model.norm.weight', config.hidden, config.eps)
    const table = owned.add(backend.tensor([options.slots, config.headDim], 'f32', 'rope table'))
    backend.write(table, ropeTable(config, options.slots, options.slots - options.maxRows))
    const space = workspace(backend, owned, config, options.maxRows)
    return new LlamaDecoder(backend, config, embedding, lmHead, finalNorm, layers, { table }, space, owned)
  })
}
