import { type Backend, keepDrawn, Owned, samplingWords } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'

let device: Backend

beforeAll(async () => {
  device = await webgpu()
})

afterAll(() => {
  expect(device.stats.liveBytes).toBe(0)
  device.dispose()
})

const [width, rows, first] = [611, 3, 2]

/** What stands in q, ones before. */
async function kept(backend: Backend, vocab: number, mapped: boolean): Promise<Float32Array> {
  const owned = new Owned()
  const words = (values: ArrayLike<number>) => {
    const tensor = owned.add(backend.tensor([values.length], 'u32', 'test'))
    backend.write(tensor, Uint32Array.from(values))
    return tensor
  }
  const floats = (shape: readonly number[], values: Float32Array) => {
    const tensor = owned.add(backend.tensor(shape, 'f32', 'test'))
    backend.write(tensor, values)
    return tensor
  }
  try {
    const params = words(samplingWords({ temperature: 0.5 }))
    const sampling = { params, counts: words([0]), bias: floats([1], new Float32Array(1)) }
    const logits = floats(
      [rows, vocab],
      Float32Array.from({ length: rows * vocab }, (_, i) => (i * 37) % 101),
    )
    const q = floats([first + rows + 1, width], new Float32Array((first + rows + 1) * width).fill(1))
    const targetIds = mapped ? words(Array.from({ length: vocab }, (_, v) => (v * 3 + 1) % width)) : null
    const program = owned.add(
      backend.program('keep', (ops) => keepDrawn(ops, { logits, vocab, rows, first, sampling, targetIds, q })),
    )
    const [bytes] = await backend.submit([program], [q])
    return new Float32Array(bytes as ArrayBuffer)
  } finally {
    owned.dispose()
  }
}

test.each([
  [width, false],
  [600, false],
  [150, true],
])(
  'of a drafter with %d tokens, mapped: %s, q has the logits over the temperature at the target ids',
  async (vocab, mapped) => {
    const found = await kept(device, vocab, mapped)
    expect(found).toEqual(await kept(referenceBackend(), vocab, mapped))
    expect(found.filter((value) => value === Number.NEGATIVE_INFINITY)).toHaveLength(rows * (width - vocab))
    expect(found[first * width + (mapped ? 4 : 1)]).toBe(74)
    expect([found[first * width - 1], found[(first + rows) * width]]).toEqual([1, 1])
  },
)
