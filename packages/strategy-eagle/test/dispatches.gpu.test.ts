import type { Backend } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { draftDispatches } from '../../../verify/src/draft-dispatches'
import { quantisedHeads } from '../../kernels/test/quantised-heads'
import { eagle } from '../src'

const [third, first] = ['models/stories-5m/eagle3', 'models/stories-5m/eagle1']

describe.each(['f32', 'i8'] as const)('in %s', (arithmetic) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu({ arithmetic })
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  // A layer is five: queries, keys and values; attention; its output; gate and up; down. The first choice rounds what was fed.
  test.each([
    ['EAGLE-3, the input in the first of the layer', eagle({ head: third, tokens: 5 }), { second: 6, step: 6 }],
    ['EAGLE-1, the input in its projection', eagle({ head: first, tokens: 5 }), { second: 7, step: 7 }],
  ])('a step of %s: as many dispatches as products in a row', async (_, strategy, expected) => {
    const on = arithmetic === 'i8' ? quantisedHeads(backend, 2048) : backend
    expect(await draftDispatches(on, strategy)).toEqual({ first: arithmetic === 'i8' ? 4 : 3, ...expected })
  })
})
