import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type SafeTensor, safetensorsFile } from '../../core/test/support/safetensors-file'
import { tinyConfig } from '../../core/test/support/tiny-model'

/** A tensor by its role: `fc`, `norm`, `layers.0.hidden_norm`, each with `.weight` or `.bias`. */
interface HeadTensor {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

export type HeadTensors = Map<string, HeadTensor>

/** What a seeded head for the tiny model is made of. */
export interface HeadParts {
  /** 1: EAGLE-1; 3: EAGLE-3. */
  readonly kind: 1 | 3
  readonly seed?: number
  /** Captured states; 0: the final one, unprojected. */
  readonly states?: number
  readonly layers?: number
  readonly hidden?: number
  readonly fcBias?: boolean
  readonly qkvBias?: boolean
  readonly headNorm?: boolean
  readonly inputNorm?: boolean
  readonly fcNorm?: boolean
  readonly embedding?: boolean
  /** Rows of an LM head of its own; 0: the target's. */
  readonly vocab?: number
}

/** Values of about [-1, 1], each seed its own. */
function noise(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    let z = state ^ (state >>> 15)
    z = Math.imul(z, 0x2c1b3c6d)
    return ((z ^ (z >>> 12)) >>> 0) / 2 ** 31 - 1
  }
}

/** The tensors of a head by their roles, in f32 values. */
export function headTensors(parts: HeadParts): HeadTensors {
  const { kind, seed = 5, states = 3, layers = 1, hidden = tinyConfig.hidden_size } = parts
  const { vocab = kind === 3 ? tinyConfig.vocab_size : 0 } = parts
  const {
    head_dim: dim,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: wide,
  } = tinyConfig
  const next = noise(seed)
  const tensors: HeadTensors = new Map()
  const matrix = (name: string, rows: number, columns: number) =>
    tensors.set(`${name}.weight`, {
      shape: [rows, columns],
      values: Array.from({ length: rows * columns }, () => Math.fround((2.5 * next()) / Math.sqrt(columns))),
    })
  const vector = (name: string, length: number, around: number) =>
    tensors.set(name, { shape: [length], values: Array.from({ length }, () => Math.fround(around + 0.4 * next())) })
  const norm = (name: string, length = hidden) => vector(`${name}.weight`, length, 1)
  const target = tinyConfig.hidden_size
  if (kind === 1) matrix('fc', hidden, 2 * hidden)
  else if (states > 0) matrix('fc', hidden, states * target)
  if (parts.fcBias) vector('fc.bias', hidden, 0)
  if (parts.inputNorm) norm('input_norm', states * target)
  if (parts.fcNorm) for (let i = 0; i < states; i++) norm(`fc_norm.${i}`, target)
  for (let i = 0; i < layers; i++) {
    const at = `layers.${i}`
    const inputs = kind === 3 && i === 0 ? 2 * hidden : hidden
    if (kind === 3 || i > 0) norm(`${at}.input_layernorm`)
    if (kind === 3 && i === 0) norm(`${at}.hidden_norm`)
    norm(`${at}.post_attention_layernorm`)
    for (const [part, count] of Object.entries({ q: heads, k: kvHeads, v: kvHeads })) {
      matrix(`${at}.self_attn.${part}_proj`, count * dim, inputs)
      if (parts.qkvBias) vector(`${at}.self_attn.${part}_proj.bias`, count * dim, 0)
      if (parts.headNorm && part !== 'v') norm(`${at}.self_attn.${part}_norm`, dim)
    }
    matrix(`${at}.self_attn.o_proj`, hidden, heads * dim)
    matrix(`${at}.mlp.gate_proj`, wide, hidden)
    matrix(`${at}.mlp.up_proj`, wide, hidden)
    matrix(`${at}.mlp.down_proj`, hidden, wide)
  }
  if (kind === 3) norm('norm')
  if (parts.embedding) matrix('embed_tokens', tinyConfig.vocab_size, hidden)
  if (vocab > 0) matrix('lm_head', vocab, hidden)
  return tensors
}

const written: string[] = []
afterAll(() => Promise.all(written.splice(0).map((folder) => rm(folder, { recursive: true }))))

/** The sizes of the head's layer as a `config.json` has them. */
export const tinyHeadConfig: Readonly<Record<string, unknown>> = {
  ...tinyConfig,
  architectures: ['LlamaForCausalLMEagle3'],
  num_hidden_layers: 1,
}

/** The files of a head's folder; `rename` gives the name that a layout has for a role. */
export function headFiles(
  tensors: HeadTensors,
  config: Readonly<Record<string, unknown>> | null = tinyHeadConfig,
  { rename = (name: string) => name, more = [] as readonly SafeTensor[] } = {},
): Readonly<Record<string, string | Uint8Array>> {
  const stored = [...tensors].map(([name, { shape, values }]) => ({
    name: rename(name),
    dtype: 'F32',
    shape,
    data: new Uint8Array(Float32Array.from(values).buffer),
  }))
  const weights = safetensorsFile([...stored, ...more])
  return { 'model.safetensors': weights, ...(config && { 'config.json': JSON.stringify(config) }) }
}

/** Writes a head's folder, for as long as the test file runs. */
export async function writeHead(...args: Parameters<typeof headFiles>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-eagle-'))
  written.push(folder)
  for (const [name, file] of Object.entries(headFiles(...args))) await writeFile(join(folder, name), file)
  return folder
}

/** Integers as a checkpoint has them. */
export function int64(name: string, values: readonly number[]): SafeTensor {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  return { name, dtype: 'I64', shape: [values.length], data }
}

/** Booleans as a checkpoint has them. */
export function booleans(name: string, values: readonly boolean[]): SafeTensor {
  return { name, dtype: 'BOOL', shape: [values.length], data: Uint8Array.from(values, Number) }
}
