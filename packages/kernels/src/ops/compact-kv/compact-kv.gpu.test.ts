import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { outcomeOf } from '../../../test/outcomes'
import { random } from '../../../test/weight-source'

const { same } = againstReference()

test.each([
  ['f16', [3, 2, 3, 40, 64], [0, 2, 3, 7, 15], 64],
  ['f16', [1, 2, 2, 90, 34], [0, 1, 5, 6], 64],
  ['f32', [2, 2, 1, 40, 80], [0, 4, 6, 7, 12], 7],
  ['f32', [1, 2, 2, 40, 34], [0, 1, 2, 3], 64],
  ['f32', [1, 2, 1, 40, 32], [0], 64],
  ['f32', [1, 2, 2, 22, 32], [0, 2, 3, 5], 64],
  ['f16', [1, 2, 1, 90, 32], [0, ...Array.from({ length: 30 }, (_, i) => 2 * i + 3)], 64],
  ['f16', [1, 2, 2, 280, 32], [0, ...Array.from({ length: 32 }, (_, i) => 8 * i + 5)], 256],
  ['f32', [2, 2, 1, 280, 32], [0, 3, 64, 65, 127, 128, 200, 255], 256],
  ['f16', [1, 2, 1, 280, 32], [0, 1, 66, 199, 200, 255], 200],
] satisfies readonly (readonly ['f16' | 'f32', readonly number[], readonly number[], number])[])(
  '%s %j, rows %j below %i',
  async (dtype, shape, path, rows) => {
    const size = shape.reduce((a, b) => a * b, 1)
    const next = random(size)
    const data =
      dtype === 'f16'
        ? Uint16Array.from({ length: size }, () => Math.floor(next() * 0x7c00))
        : Float32Array.from({ length: size }, next)
    const base = 19
    const [moved] = await same({
      tensors: { cache: { shape, dtype, data }, outcome: outcomeOf(base, path) },
      read: ['cache'],
      record: (ops, t) => ops.compactKv({ outcome: t('outcome'), cache: t('cache'), rows }),
    })
    const [slots, headDim] = shape.slice(3) as [number, number]
    const lane = (values: ArrayLike<number> & { slice(from: number, to: number): object }, slot: number) =>
      values.slice((slots + slot) * headDim, (slots + slot + 1) * headDim)
    for (const [j, row] of path.filter((row) => row < rows && base + row < slots).entries())
      expect(lane(moved!, base + j)).toEqual(lane(data, base + row))
  },
)
