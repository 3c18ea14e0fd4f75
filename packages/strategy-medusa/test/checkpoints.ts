import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSafetensors, type SafeTensor, safetensorsFile } from '../../core/test/support/safetensors-file'
import { tinyConfig } from '../../core/test/support/tiny-model'

/** The tensors of stories-5m's Medusa heads, in FasterDecoding's layout. */
export async function storiesHeads(): Promise<readonly SafeTensor[]> {
  return parseSafetensors(await readFile('models/stories-5m/medusa/medusa_lm_head.safetensors'))
}

/** Random heads for a tiny model, in FasterDecoding's layout. */
export function tinyHeads(count: number, vocab = tinyConfig.vocab_size): readonly SafeTensor[] {
  const { hidden_size: hidden } = tinyConfig
  let state = 1
  const random = (name: string, ...shape: number[]): SafeTensor => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return (state / 2 ** 31 - 1) / 4
    })
    return { name, dtype: 'F32', shape, data: new Uint8Array(values.buffer) }
  }
  return Array.from({ length: count }, (_, i) => [
    random(`${i}.0.linear.weight`, hidden, hidden),
    random(`${i}.0.linear.bias`, hidden),
    random(`${i}.1.weight`, vocab, hidden),
  ]).flat()
}

/** Writes a folder of heads and gives its path. */
export async function writeHeads(
  tensors: readonly SafeTensor[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-medusa-'))
  await writeFile(join(folder, 'model.safetensors'), safetensorsFile(tensors))
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

/** The same heads in vLLM's names. */
export function vllmNames(tensors: readonly SafeTensor[]): readonly SafeTensor[] {
  return tensors.map((tensor) => ({
    ...tensor,
    name: tensor.name
      .replace(/^(\d+)\.(\d+)\.linear\./, 'blocks.$1.layers.$2.')
      .replace(/^(\d+)\.\d+\.weight$/, 'lm_heads.$1.weight'),
  }))
}

/** The listed rows of a matrix. */
export function rowsOf(tensor: SafeTensor, rows: readonly number[]): SafeTensor {
  const bytes = tensor.data.length / (tensor.shape[0] as number)
  const data = new Uint8Array(rows.length * bytes)
  rows.forEach((row, i) => {
    data.set(tensor.data.subarray(row * bytes, (row + 1) * bytes), i * bytes)
  })
  return { ...tensor, shape: [rows.length, ...tensor.shape.slice(1)], data }
}

/** Integers as a checkpoint has them. */
export function int64(name: string, values: readonly number[]): SafeTensor {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  return { name, dtype: 'I64', shape: [values.length], data }
}
