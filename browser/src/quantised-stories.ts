import { writeFile } from 'node:fs/promises'
import { openTensors, type WeightSource } from '@outrider/core'
import { dequantise } from '@outrider/core/load'
import { ggufHeader, type ListedTensor } from '../../bench/src/gguf-header'

const alignment = 32
const block = 32
const headDim = 32
/** ggml's numbers of the types. */
const types = { f32: 0, q8_0: 8 }

/** Inner width of the MLP: in the model, and filled up with zeros to whole blocks, which changes nothing of what it computes. */
const inner = 688
const paddedInner = 704

/** Writes stories-5m with its matrices in Q8_0, as llama.cpp would convert it but without a tokenizer, into `file`. */
export async function writeQuantisedStories(folder: string, file: string): Promise<void> {
  const tensors = await openTensors(folder)
  const listed: ListedTensor[] = []
  const parts: Uint8Array[] = []
  let offset = 0
  for (const name of tensors.names) {
    const shape = tensors.shape(name).map((axis) => (axis === inner ? paddedInner : axis))
    const vector = shape.length === 1
    const bytes = vector
      ? bytesOf(await tensors.vector(name))
      : quantise(await matrix(tensors.matrix(name), name, shape))
    const end = offset + bytes.length
    listed.push({ name: ggufName(name), shape, type: vector ? types.f32 : types.q8_0, offset })
    offset = Math.ceil(end / alignment) * alignment
    parts.push(bytes, new Uint8Array(offset - end))
  }
  await tensors.close()
  await writeFile(file, Buffer.concat([ggufHeader(metadata, listed, alignment), ...parts]))
}

/** models/stories-5m/config.json in GGUF's words. */
const metadata = {
  'general.architecture': 'llama',
  'general.alignment': { u32: alignment },
  'llama.context_length': { u32: 512 },
  'llama.embedding_length': { u32: 256 },
  'llama.block_count': { u32: 6 },
  'llama.feed_forward_length': { u32: paddedInner },
  'llama.attention.head_count': { u32: 8 },
  'llama.attention.head_count_kv': { u32: 4 },
  'llama.attention.key_length': { u32: headDim },
  'llama.attention.value_length': { u32: headDim },
  'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
  'llama.rope.freq_base': { f32: 10000 },
  'llama.rope.dimension_count': { u32: headDim },
}

const names: readonly (readonly [RegExp, string])[] = [
  [/^model\.embed_tokens\./, 'token_embd.'],
  [/^model\.norm\./, 'output_norm.'],
  [/^model\.layers\.(\d+)\./, 'blk.$1.'],
  [/input_layernorm/, 'attn_norm'],
  [/post_attention_layernorm/, 'ffn_norm'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/self_attn\.o_proj/, 'attn_output'],
  [/mlp\.(gate|up|down)_proj/, 'ffn_$1'],
]

function ggufName(name: string): string {
  return names.reduce((text, [pattern, word]) => text.replace(pattern, word), name)
}

/** A matrix in f32 [shape]; rows of q and k as GGUF has them: what is rotated together side by side, not half a head apart. */
async function matrix(source: WeightSource, name: string, shape: readonly number[]): Promise<Float32Array> {
  const [outputs, inputs] = source.shape
  const [rows = 0, columns = 0] = shape
  const values = new Float32Array(outputs * inputs)
  dequantise(source.format, await source.rows(0, outputs), values)
  const pairs = /self_attn\.[qk]_proj/.test(name)
  const placed = new Float32Array(rows * columns)
  for (let row = 0; row < outputs; row++) {
    const inHead = row % headDim
    const from = pairs ? row - inHead + (inHead >> 1) + (inHead % 2) * (headDim / 2) : row
    placed.set(values.subarray(from * inputs, (from + 1) * inputs), row * columns)
  }
  return placed
}

/** Blocks of 32 weights: their scale in f16, then each in 8 bits. */
function quantise(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array((values.length / block) * (2 + block))
  for (let i = 0, at = 0; i < values.length; i += block, at += 2 + block) {
    const weights = values.subarray(i, i + block)
    const scale = halfNear(weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127)
    bytes[at] = scale.bits & 0xff
    bytes[at + 1] = scale.bits >> 8
    weights.forEach((weight, j) => {
      bytes[at + 2 + j] = scale.value === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(weight / scale.value)))
    })
  }
  return bytes
}

const lowest = 2 ** -14

/** The f16 nearest to a small positive number. */
function halfNear(value: number): { readonly bits: number; readonly value: number } {
  const exponent = value < lowest ? -14 : Math.floor(Math.log2(value))
  const step = 2 ** (exponent - 10)
  const steps = Math.round(value / step)
  const bits = value < lowest ? steps : ((exponent + 15) << 10) + (steps - 1024)
  return { bits, value: steps * step }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
