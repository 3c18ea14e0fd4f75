import type { SafeTensor } from '../../core/test/support/safetensors-file'
import { type TinyTensor, tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'

/** A tiny target: its folder and its tensors. */
export async function tinyTarget(seed: number): Promise<{ folder: string; tensors: ReadonlyMap<string, TinyTensor> }> {
  let tensors: ReadonlyMap<string, TinyTensor> = new Map()
  const edit = (all: Map<string, TinyTensor>) => {
    tensors = new Map(all)
  }
  return { folder: await writeTinyModel({ seed, edit }), tensors }
}

/** A random module for a tiny target, by the parts of DeepSeek's names. */
export async function tinyModule(seed: number): Promise<ReadonlyMap<string, TinyTensor>> {
  const [a, b] = [(await tinyTarget(seed)).tensors, (await tinyTarget(seed + 1000)).tensors]
  const get = (from: ReadonlyMap<string, TinyTensor>, name: string) => from.get(name) as TinyTensor
  const { hidden_size: hidden } = tinyConfig
  const query = 'model.layers.0.self_attn.q_proj.weight'
  const projection = Array.from({ length: hidden }, (_, row) =>
    [a, b].flatMap((half) => [...get(half, query).values.slice(row * hidden, (row + 1) * hidden)]),
  )
  const layer = [...a].flatMap(([name, tensor]) => {
    const part = name.startsWith('model.layers.1.') ? [name.slice('model.layers.1.'.length), tensor] : null
    return part ? [part as [string, TinyTensor]] : []
  })
  return new Map([
    ...layer,
    ['enorm.weight', get(b, 'model.layers.0.input_layernorm.weight')],
    ['hnorm.weight', get(b, 'model.layers.0.post_attention_layernorm.weight')],
    ['shared_head.norm.weight', get(a, 'model.norm.weight')],
    ['eh_proj.weight', { shape: [hidden, 2 * hidden], values: Float32Array.from(projection.flat()) }],
  ])
}

/** The same as stored tensors. */
export function stored(module: ReadonlyMap<string, TinyTensor>): readonly SafeTensor[] {
  return [...module].map(([name, { shape, values }]) => ({
    name,
    dtype: 'F32',
    shape,
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }))
}
