import { OutriderError } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import type { Backend, WeightFormat, WeightSource } from '@outrider/core/spec'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openParts, type Parts } from '../../test/parts'
import { bytesSource, randomBytes, randomSource } from '../../test/weight-source'
import { embed } from '../ops/embed/embed'
import { linear } from '../ops/linear/linear'
import type { Recorder } from '../recorder'
import { layouts } from './layout'
import { uploadWeight } from './pack'

let device: Backend
let parts: Parts
beforeAll(async () => {
  device = await webgpu()
  parts = await openParts()
})
afterAll(() => {
  device.dispose()
  parts.dispose()
})

test('a weight counts its packed bytes and gives them back', async () => {
  const before = device.stats.liveBytes
  const weight = await device.weight(randomSource('q4_0', 65, 64), 'w')
  expect(weight).toMatchObject({ label: 'w', shape: [65, 64], format: 'q4_0', bytes: 2 * 2 * 288 * 4 })
  expect(device.stats.liveBytes - before).toBe(weight.bytes)
  weight.dispose()
  weight.dispose()
  expect(device.stats.liveBytes).toBe(before)
})

test('a source that fails midway leaves no bytes', async () => {
  const whole = randomSource('f32', 1024, 4096)
  let calls = 0
  const source: WeightSource = {
    ...whole,
    rows: async (from, to) => {
      if (calls++ === 1) throw new OutriderError('FILE_TRUNCATED', 'cut off')
      return whole.rows(from, to)
    },
  }
  const before = device.stats.liveBytes
  await expect(device.weight(source, 'w')).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
  expect(calls).toBe(2)
  expect(device.stats.liveBytes).toBe(before)
})

test('rows that are too short are named', async () => {
  const source: WeightSource = { ...randomSource('q8_0', 64, 64), rows: async () => new Uint8Array(100) }
  await expect(device.weight(source, 'w')).rejects.toMatchObject({
    code: 'FILE_TRUNCATED',
    message: expect.stringContaining('100 bytes'),
  })
})

test.each([
  { ...randomSource('f32', 4, 4), format: 'q2_k' as WeightFormat },
  bytesSource('f16', [4, 6], randomBytes('f16', 4, 6, 1)),
])('$format [$shape] is refused', async (source) => {
  const before = device.stats.liveBytes
  await expect(device.weight(source, 'w')).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
  expect(device.stats.liveBytes).toBe(before)
})

test.each(Object.keys(layouts) as WeightFormat[])(
  '%s at odd addresses, in parts, multiplies as in one',
  async (format) => {
    const [outputs, inputs] = [200, 256]
    const stored = randomBytes(format, outputs, inputs, 7)
    const whole = await uploadWeight(parts.memory, bytesSource(format, [outputs, inputs], stored), 'whole')
    const source = bytesSource(format, [outputs, inputs], stored, true)
    const split = await uploadWeight(parts.memory, source, 'split', { maxPartBytes: whole.bytes / 2 })
    expect(parts.partsOf(split)).toBe(2)
    expect(split.bytes).toBe(whole.bytes)

    const x = parts.tensor(
      [1, inputs],
      Float32Array.from({ length: inputs }, (_, i) => Math.sin(i)),
    )
    const out = [parts.tensor([1, outputs]), parts.tensor([1, outputs])]
    const recorder = parts.recorder()
    linear(recorder, { x, weight: whole, out: out[0]!, rows: 1 })
    linear(recorder, { x, weight: split, out: out[1]!, rows: 1 })
    const [one, two] = await parts.submit(recorder, out)
    expect(two).toEqual(one)
    expect(new Float32Array(one!).some((value) => value !== 0)).toBe(true)
    for (const owned of [whole, split, x, ...out]) owned.dispose()
  },
)

test('a split table embeds tokens of every part', async () => {
  const source = randomSource('q4_1', 200, 64)
  const expected = await referenceValues(source)
  const table = await uploadWeight(parts.memory, source, 'table', { maxPartBytes: 1 })
  expect(parts.partsOf(table)).toBe(4)
  const tokens = [0, 63, 64, 128, 199]
  const pass = parts.pass(tokens)
  const out = parts.tensor([tokens.length, 64])
  const recorder: Recorder = parts.recorder()
  embed(recorder, { table, pass, out })
  const [found] = await parts.submit(recorder, [out])
  const rows = tokens.flatMap((token) => [...expected.subarray(token * 64, (token + 1) * 64)])
  expect([...new Float32Array(found!)]).toEqual(rows)
})

/** The numbers of a small matrix, by the reference backend: the identity times the matrix. */
async function referenceValues(source: WeightSource): Promise<Float32Array> {
  const [outputs, inputs] = source.shape
  const backend = referenceBackend()
  const weight = await backend.weight(source, 'w')
  const identity = new Float32Array(inputs * inputs)
  for (let k = 0; k < inputs; k++) identity[k * inputs + k] = 1
  const x = backend.tensor([inputs, inputs], 'f32', 'x')
  backend.write(x, identity)
  const out = backend.tensor([inputs, outputs], 'f32', 'out')
  const [bytes] = await backend.submit(
    [backend.program('w', (ops) => ops.linear({ x, weight, out, rows: inputs }))],
    [out],
  )
  const columns = new Float32Array(bytes!)
  return Float32Array.from(
    { length: outputs * inputs },
    (_, i) => columns[(i % inputs) * outputs + Math.floor(i / inputs)]!,
  )
}
