import { webgpu } from '@outrider/kernels'
import { expect, test } from 'vitest'
import { draftDispatches } from '../../../verify/src/draft-dispatches'
import { quantisedHeads } from '../../kernels/test/quantised-heads'
import { mtp } from '../src'

// Seven products follow one another: the projection, the five of a layer, the LM head. The first choice in i8 rounds what was fed.
test.each([
  ['f32', 3],
  ['i8', 4],
] as const)('a step of one module in %s takes as many dispatches as products in a row', async (arithmetic, first) => {
  const backend = await webgpu({ arithmetic })
  const on = arithmetic === 'i8' ? quantisedHeads(backend, 2048) : backend
  const strategy = mtp({ head: 'models/stories-5m/mtp', tokens: 5 })
  expect(await draftDispatches(on, strategy)).toEqual({ first, second: 7, step: 7 })
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})
