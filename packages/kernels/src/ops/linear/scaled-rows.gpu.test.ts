import { afterAll, beforeAll, expect, test } from 'vitest'
import { openParts, type Parts } from '../../../test/parts'
import { randomRows } from '../../../test/rows'
import { randomSource } from '../../../test/weight-source'
import { deviceBuffer } from '../../memory'
import { uploadWeight } from '../../weights/pack'
import { linear } from './linear'

let parts: Parts
beforeAll(async () => {
  parts = await openParts()
})
afterAll(() => parts.dispose())

/** What two products bind, the second of which normalises what the first adds up. */
async function bound({ gain }: { gain: boolean }) {
  const [rows, width] = [2, 64]
  const weight = await uploadWeight(parts.memory, randomSource('q4_0', width, width), 'w')
  const [a, x, out] = [1, 2, 3].map((seed) => parts.tensor([rows, width], randomRows(rows, width, seed)))
  const norm = { gain: parts.tensor([width], randomRows(1, width, 4)), eps: 1e-5 }
  const recorder = parts.recorder()
  linear(recorder, { x: a!, weight, out: x!, rows, accumulate: true })
  linear(recorder, { x: x!, weight, out: out!, rows, ...(gain && { norm }) })
  const [first, second] = recorder.steps.map(({ buffers }) => buffers)
  return { first, second, x: deviceBuffer(parts.memory, x!), gain: deviceBuffer(parts.memory, norm.gain) }
}

test('a product stores its rows times the gain of the norm behind it, which reads them so, and as they are for their squares', async () => {
  const { first, second, x, gain } = await bound({ gain: true })
  expect(first?.slice(-2)[0]).toBe(gain)
  const scaled = first?.at(-1)
  expect(scaled).not.toBe(x)
  expect(second?.[0]).toBe(scaled)
  expect(second?.[2]).toBe(x)
})

test('but nothing without one', async () => {
  const { first, second, x, gain } = await bound({ gain: false })
  expect(first).not.toContain(gain)
  expect(first?.at(-1)).toBe(x)
  expect(second?.[0]).toBe(x)
})
