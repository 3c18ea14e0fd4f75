import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSafetensors, type SafeTensor, safetensorsFile } from '../../core/test/support/safetensors-file'

const storiesPrefix = 'model.layers.6.'

/** The tensors of stories-5m's module by the parts of DeepSeek's names: `enorm.weight`, `self_attn.q_proj.weight`. */
export async function storiesModule(): Promise<readonly SafeTensor[]> {
  const tensors = parseSafetensors(await readFile('models/stories-5m/mtp/model.safetensors'))
  return tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace(storiesPrefix, '') }))
}

/** stories-5m itself. */
export async function storiesTarget(): Promise<readonly SafeTensor[]> {
  return parseSafetensors(await readFile('models/stories-5m/model.safetensors'))
}

export function named(tensors: readonly SafeTensor[], rename: (name: string) => string): readonly SafeTensor[] {
  return tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) }))
}

const mimo: Readonly<Record<string, string>> = {
  'enorm.weight': 'token_layernorm.weight',
  'hnorm.weight': 'hidden_layernorm.weight',
  'eh_proj.weight': 'input_proj.weight',
  'shared_head.norm.weight': 'final_layernorm.weight',
}

/** A module in MiMo's names: the hidden half of the projection comes first. */
export function asMimo(module: readonly SafeTensor[], number: number): readonly SafeTensor[] {
  return module.map((tensor) => {
    const name = `model.mtp_layers.${number}.${mimo[tensor.name] ?? tensor.name}`
    return { ...(tensor.name === 'eh_proj.weight' ? halvesSwapped(tensor) : tensor), name }
  })
}

const qwen: Readonly<Record<string, string>> = {
  'enorm.weight': 'pre_fc_norm_embedding.weight',
  'hnorm.weight': 'pre_fc_norm_hidden.weight',
  'eh_proj.weight': 'fc.weight',
  'shared_head.norm.weight': 'norm.weight',
}

/** A module in Qwen3-Next's names: norms are stored as what is to be added to 1. */
export function asQwen(module: readonly SafeTensor[], number: number): readonly SafeTensor[] {
  return module.map((tensor) => {
    const name = `mtp.${qwen[tensor.name] ?? `layers.${number}.${tensor.name}`}`
    return { ...(tensor.shape.length === 1 ? oneLess(tensor) : tensor), name }
  })
}

/** A layer of the target in Meta's names, q and k with the rows of a pair side by side. */
export function asMeta(layer: readonly SafeTensor[], head: number, headDim: number): readonly SafeTensor[] {
  const meta: Readonly<Record<string, string>> = {
    'input_layernorm.weight': 'attention_norm.weight',
    'post_attention_layernorm.weight': 'ffn_norm.weight',
    'self_attn.q_proj.weight': 'attention.wq.weight',
    'self_attn.k_proj.weight': 'attention.wk.weight',
    'self_attn.v_proj.weight': 'attention.wv.weight',
    'self_attn.o_proj.weight': 'attention.wo.weight',
    'mlp.gate_proj.weight': 'feed_forward.w1.weight',
    'mlp.up_proj.weight': 'feed_forward.w3.weight',
    'mlp.down_proj.weight': 'feed_forward.w2.weight',
  }
  return layer.map((tensor) => {
    const paired = /[qk]_proj/.test(tensor.name) ? pairs(tensor, headDim) : tensor
    return { ...paired, name: `extra_heads.${head}.${meta[tensor.name]}` }
  })
}

/** Writes a folder of modules and gives its path. */
export async function writeModules(
  tensors: readonly SafeTensor[],
  config: Readonly<Record<string, unknown>> | null = null,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-mtp-'))
  await writeFile(join(folder, 'model.safetensors'), safetensorsFile(tensors))
  if (config) await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

function rows(tensor: SafeTensor): Uint8Array[] {
  const [count = 0] = tensor.shape
  const bytes = tensor.data.length / count
  return Array.from({ length: count }, (_, row) => tensor.data.subarray(row * bytes, (row + 1) * bytes))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function halvesSwapped(tensor: SafeTensor): SafeTensor {
  const swap = (row: Uint8Array) => [row.subarray(row.length / 2), row.subarray(0, row.length / 2)]
  return { ...tensor, data: joined(rows(tensor).flatMap(swap)) }
}

function pairs(tensor: SafeTensor, headDim: number): SafeTensor {
  const all = rows(tensor)
  const from = (row: number) => row - (row % headDim) + ((row % headDim) >> 1) + (row & 1) * (headDim / 2)
  return { ...tensor, data: joined(all.map((_, row) => all[from(row)] as Uint8Array)) }
}

function oneLess(tensor: SafeTensor): SafeTensor {
  const values = Float32Array.from(floats(tensor), (value) => value - 1)
  return { ...tensor, dtype: 'F32', data: new Uint8Array(values.buffer) }
}

/** Values of a tensor in f32 or f16. */
function floats({ dtype, data }: SafeTensor): Float32Array {
  const bytes = Uint8Array.from(data)
  if (dtype === 'F32') return new Float32Array(bytes.buffer)
  return Float32Array.from(new Uint16Array(bytes.buffer), (half) => {
    const [sign, exponent, fraction] = [half >> 15, (half >> 10) & 31, half & 1023]
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
    return sign ? -size : size
  })
}
