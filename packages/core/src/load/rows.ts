import { OutriderError } from '../errors'
import type { WeightSource } from '../spec/tensor'
import { dequantise, rowBytes } from './formats'

/**
 * The same matrix with the rows of each head in pair order: row 2i ← i, row 2i + 1 ← i + headDim/2. What q and k of Hugging
 * Face's checkpoints need, whose rotary embedding turns row i with row i + headDim/2. Throws `TENSOR_SHAPE`.
 *
 * @example
 * ```ts
 * import { openCheckpoint, pairRows } from '@outrider/core/load'
 *
 * const checkpoint = await openCheckpoint('./stories-5m')
 * const q = pairRows(checkpoint.matrix('model.layers.0.self_attn.q_proj.weight'), checkpoint.model.headDim)
 * ```
 */
export function pairRows(source: WeightSource, headDim: number): WeightSource {
  checkHeads(source.shape[0], headDim, source.name)
  const bytes = rowBytes(source.format, source.shape[1])
  const rows = async (from: number, to: number): Promise<Uint8Array> => {
    const wanted = Array.from({ length: to - from }, (_, i) => halvesRow(from + i, headDim))
    const first = wanted.reduce((least, row) => Math.min(least, row), source.shape[0])
    const last = wanted.reduce((most, row) => Math.max(most, row), first)
    const stored = await source.rows(first, wanted.length === 0 ? first : last + 1)
    const out = new Uint8Array(wanted.length * bytes)
    wanted.forEach((row, i) => {
      out.set(stored.subarray((row - first) * bytes, (row - first + 1) * bytes), i * bytes)
    })
    return out
  }
  return { name: source.name, shape: source.shape, format: source.format, rows }
}

/**
 * `pairRows` for a bias or a head's norm: f32 of whole heads. Throws `TENSOR_SHAPE`.
 *
 * @example
 * ```ts
 * import { pairVector } from '@outrider/core/load'
 *
 * pairVector(new Float32Array([0, 1, 2, 3]), 4) // 0, 2, 1, 3
 * ```
 */
export function pairVector(values: Float32Array, headDim: number): Float32Array {
  checkHeads(values.length, headDim, 'a vector')
  return values.map((_, row) => values[halvesRow(row, headDim)] as number)
}

/** Which row of the halves order is `row` of the pair order. */
function halvesRow(row: number, headDim: number): number {
  const inHead = row % headDim
  return row - inHead + (inHead >> 1) + (inHead & 1) * (headDim / 2)
}

function checkHeads(rows: number, headDim: number, name: string): void {
  if (headDim % 2 !== 0 || rows % headDim !== 0)
    throw new OutriderError(
      'TENSOR_SHAPE',
      `${name} has ${rows} rows, which are not whole heads of ${headDim} (even).`,
      {
        details: { name, rows, headDim },
      },
    )
}

/**
 * Matrices one below the other, as one. Where formats differ every row is widened to f32, which is exact.
 * Throws `TENSOR_SHAPE` where the widths differ or none is given.
 *
 * @example
 * ```ts
 * import { openCheckpoint, stackRows } from '@outrider/core/load'
 *
 * const checkpoint = await openCheckpoint('./stories-5m')
 * const qk = stackRows(['q', 'k'].map((which) => checkpoint.matrix(`model.layers.0.self_attn.${which}_proj.weight`)))
 * ```
 */
export function stackRows(sources: readonly WeightSource[]): WeightSource {
  const parts = sameFormat(sources, 'stackRows')
  const { format, inputs, bytes } = parts
  const outputs = parts.sources.reduce((sum, { shape }) => sum + shape[0], 0)
  const rows = async (from: number, to: number): Promise<Uint8Array> => {
    const out = new Uint8Array((to - from) * bytes)
    let start = 0
    for (const source of parts.sources) {
      const end = start + source.shape[0]
      const first = Math.max(from, start)
      const last = Math.min(to, end)
      if (first < last) out.set(await source.rows(first - start, last - start), (first - from) * bytes)
      start = end
    }
    return out
  }
  return { name: sources.map(({ name }) => name).join(' / '), shape: [outputs, inputs], format, rows }
}

/**
 * Two matrices of one shape with their rows taking turns: a0, b0, a1, b1, … Where formats differ every row is widened to f32.
 * Throws `TENSOR_SHAPE` where the shapes differ.
 *
 * @example
 * ```ts
 * import { interleaveRows, openCheckpoint } from '@outrider/core/load'
 *
 * const checkpoint = await openCheckpoint('./stories-5m')
 * const gate = checkpoint.matrix('model.layers.0.mlp.gate_proj.weight')
 * const both = interleaveRows(gate, checkpoint.matrix('model.layers.0.mlp.up_proj.weight'))
 * ```
 */
export function interleaveRows(a: WeightSource, b: WeightSource): WeightSource {
  const { sources, format, inputs, bytes } = sameFormat([a, b], 'interleaveRows')
  if (a.shape[0] !== b.shape[0]) throw shapesDiffer([a, b], 'interleaveRows')
  const rows = async (from: number, to: number): Promise<Uint8Array> => {
    const out = new Uint8Array((to - from) * bytes)
    for (const [turn, source] of sources.entries()) {
      const first = Math.ceil((from - turn) / 2)
      const stored = await source.rows(first, Math.ceil((to - turn) / 2))
      for (let i = 0; i * bytes < stored.length; i++)
        out.set(stored.subarray(i * bytes, (i + 1) * bytes), (2 * (first + i) + turn - from) * bytes)
    }
    return out
  }
  return { name: `${a.name} | ${b.name}`, shape: [2 * a.shape[0], inputs], format, rows }
}

/** The sources in one format and of one width, with the bytes of a row. */
function sameFormat(sources: readonly WeightSource[], what: string) {
  const [first] = sources
  if (!first) throw new OutriderError('TENSOR_SHAPE', `${what} needs at least one matrix.`)
  const inputs = first.shape[1]
  if (sources.some(({ shape }) => shape[1] !== inputs)) throw shapesDiffer(sources, what)
  const mixed = sources.some(({ format }) => format !== first.format)
  const format = mixed ? 'f32' : first.format
  return { sources: mixed ? sources.map(widened) : sources, format, inputs, bytes: rowBytes(format, inputs) } as const
}

function widened(source: WeightSource): WeightSource {
  const { name, shape, format } = source
  const rows = async (from: number, to: number): Promise<Uint8Array> => {
    const values = new Float32Array((to - from) * shape[1])
    dequantise(format, await source.rows(from, to), values)
    return new Uint8Array(values.buffer)
  }
  return { name, shape, format: 'f32', rows }
}

function shapesDiffer(sources: readonly WeightSource[], what: string): OutriderError {
  const shapes = sources.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ')
  return new OutriderError('TENSOR_SHAPE', `${what}: the shapes do not fit together: ${shapes}.`, {
    details: { names: sources.map(({ name }) => name), shapes: sources.map(({ shape }) => shape) },
  })
}
