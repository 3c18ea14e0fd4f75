import { OutriderError } from '../errors'
import type { TensorFiles } from '../spec/checkpoint'
import type { ModelConfig } from '../spec/model'
import { ggufEndTokens } from '../tokenizer'
import { Fields } from './fields'
import { ggufRope } from './gguf-rope'

/** `general.architecture` of the models that one graph computes. SmolLM2 and Mistral call themselves llama. */
const ARCHITECTURES: readonly string[] = ['llama', 'qwen2', 'qwen3']

/**
 * A model's configuration from a GGUF's metadata. `files` has the GGUF's own names.
 * Throws `UNSUPPORTED_ARCHITECTURE`, `UNSUPPORTED_CONFIG`, `FILE_MALFORMED`, `TENSOR_MISSING`.
 *
 * @example
 * ```ts
 * import { ggufConfig, openTensors } from '@outrider/core/load'
 *
 * const model = await ggufConfig(await openTensors('./SmolLM2-135M-Instruct.Q4_1.gguf'))
 * ```
 */
export async function ggufConfig(files: TensorFiles): Promise<ModelConfig> {
  const metadata = new Fields(files.config ?? {}, files.location)
  const architecture = architectureOf(metadata)
  const key = (name: string) => `${architecture}.${name}`
  const hidden = metadata.count(key('embedding_length'))
  const heads = metadata.count(key('attention.head_count'))
  const kvHeads = metadata.count(key('attention.head_count_kv'), heads)
  const headDim = metadata.count(key('attention.key_length'), hidden / heads)
  if (metadata.count(key('attention.value_length'), headDim) !== headDim || heads % kvHeads !== 0)
    throw metadata.unsupported('keys and values of different sizes, or heads that cannot share them, are not known')
  if (metadata.number(key('expert_count'), 0) > 0) throw unsupportedArchitecture(`${architecture} with experts`)
  const positions = metadata.count(key('context_length'))
  const factors = files.has('rope_freqs.weight') ? await files.vector('rope_freqs.weight') : null
  return {
    architecture,
    vocab: files.shape('token_embd.weight')[0] as number,
    hidden,
    layers: metadata.count(key('block_count')),
    heads,
    kvHeads,
    headDim,
    intermediate: metadata.count(key('feed_forward_length')),
    eps: metadata.number(key('attention.layer_norm_rms_epsilon')),
    rope: ggufRope(metadata, architecture, headDim, factors),
    tied: !files.has('output.weight'),
    qkvBias: files.has('blk.0.attn_q.bias'),
    headNorm: files.has('blk.0.attn_q_norm.weight'),
    maxPositions: Math.min(positions, metadata.count(key('attention.sliding_window'), positions)),
    bos: metadata.ids('tokenizer.ggml.bos_token_id')[0] ?? null,
    eos: ggufEndTokens(metadata.values),
  }
}

function architectureOf(metadata: Fields): string {
  const name = metadata.text('general.architecture')
  if (name !== undefined && ARCHITECTURES.includes(name)) return name
  throw unsupportedArchitecture(name ?? 'a GGUF without general.architecture')
}

function unsupportedArchitecture(name: string): OutriderError {
  return new OutriderError(
    'UNSUPPORTED_ARCHITECTURE',
    `${name} is not supported: use a GGUF of ${ARCHITECTURES.join(', ')}.`,
    { details: { architecture: name } },
  )
}
