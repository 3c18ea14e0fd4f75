import { afterEach } from 'vitest'
import { referenceBackend } from '../../src/reference'
import type { Backend, DType, Ops, Pass, Shape, Tensor, Weight } from '../../src/spec'
import { INDEX, MAX_TREE_ROWS } from '../../src/spec'

/** A reference backend for the test that is running. */
export const device: { backend: Backend } = { backend: referenceBackend() }
afterEach(() => {
  device.backend.dispose()
  device.backend = referenceBackend()
})

export function tensor(shape: Shape, dtype: DType, values: readonly number[] = []): Tensor {
  const made = device.backend.tensor(shape, dtype, 'test')
  if (values.length > 0)
    device.backend.write(made, dtype === 'u32' ? Uint32Array.from(values) : Float32Array.from(values))
  return made
}

export const floats = (shape: Shape, values?: readonly number[]): Tensor => tensor(shape, 'f32', values)
export const words = (count: number, values?: readonly number[]): Tensor => tensor([count], 'u32', values)

export function weight(rows: readonly (readonly number[])[]): Promise<Weight> {
  const width = (rows[0] as readonly number[]).length
  const source = {
    name: 'w',
    shape: [rows.length, width] as const,
    format: 'f32' as const,
    rows: async (from: number, to: number) => new Uint8Array(Float32Array.from(rows.slice(from, to).flat()).buffer),
  }
  return device.backend.weight(source, 'w')
}

/** Runs what is recorded and reads tensors back. */
export async function run(record: (ops: Ops) => void, ...read: Tensor[]): Promise<number[][]> {
  const results = await device.backend.submit([device.backend.program('test', record)], read)
  return results.map((bytes, i) => [...(read[i]?.dtype === 'u32' ? new Uint32Array(bytes) : new Float32Array(bytes))])
}

export const read = async (...tensors: Tensor[]): Promise<number[][]> => run(() => {}, ...tensors)

/** A pass over a tree below a committed length; the token at position p is 100 + p. */
export async function treePass(
  length: number,
  tokens: readonly number[],
  parents: readonly number[],
  rows: number,
): Promise<Pass> {
  const history = words(64, [...Array.from({ length: length + 1 }, (_, i) => 100 + i)])
  const tree = {
    tokens: words(MAX_TREE_ROWS, [0, ...tokens]),
    shape: words(MAX_TREE_ROWS, [tokens.length + 1, ...parents.map((p) => p + 1)]),
  }
  const index = words(INDEX.words)
  await run((ops) => ops.treeIndex({ tree, sequence: { history, length: words(1, [length]) }, index }))
  return { rows, first: 0, tokens: tree.tokens, index }
}
