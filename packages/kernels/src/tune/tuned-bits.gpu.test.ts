import type { Backend } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { openWithDevice } from '../../test/backends'
import { randomRows } from '../../test/rows'
import { run, withWeights, words } from '../../test/run'
import { randomSource } from '../../test/weight-source'
import { candidates, dotFamily } from './candidates'
import { rowBuckets } from './tile-book'
import { tuner } from './tuner'
import type { TuningCache } from './tuning-cache'

// Tiles of three rows are among those tried for so many.
const rows = 6

/** Products one after the other, as those of a layer are: in i8 what is stored is quantised for the next one. */
async function layer(backend: Backend): Promise<Uint32Array[]> {
  const sources = { square: randomSource('q4_0', 64, 64, 1), pairs: randomSource('q4_0', 128, 64, 2) }
  return withWeights(backend, sources, async ({ square, pairs }) => {
    const before = backend.stats.submits
    const matrix = { shape: [rows, 64] }
    const results = await run(backend, {
      tensors: {
        x: { ...matrix, data: randomRows(rows, 64, 3) },
        gain: { shape: [64], data: randomRows(1, 64, 4) },
        y: matrix,
        gated: matrix,
        z: matrix,
      },
      read: ['y', 'gated', 'z'],
      record(ops, tensor) {
        const norm = { gain: tensor('gain'), eps: 1e-5 }
        ops.linear({ x: tensor('x'), weight: square!, out: tensor('y'), rows, norm })
        ops.gatedLinear({ x: tensor('y'), weight: pairs!, out: tensor('gated'), rows, norm })
        ops.linear({ x: tensor('gated'), weight: square!, out: tensor('z'), rows })
      },
    })
    expect(backend.stats.submits - before).toBe(1)
    return results.map((values) => words(values as Float32Array))
  })
}

// The tiles of a GPU, computed by whatever device there is: every third one, of each size and width, since a processor takes long.
test('candidates give the same bits, also where they quantise what they store', async () => {
  const [arithmetic, family] = ['i8', dotFamily] as const
  const facts = { software: false }
  const { backend, facts: found } = await openWithDevice(facts, { arithmetic })
  const plain = await layer(backend)
  backend.dispose()
  expect(plain.every((values) => values.some((word) => word !== 0))).toBe(true)
  const most = Math.max(...[1, 2].map((panels) => candidates(family, rows, panels, found).length))
  for (let wanted = 1; wanted < most; wanted += 3) {
    /** Asks for the candidate wherever it is there and wide enough, else for one that is. */
    const tuningCache: TuningCache = {
      get(key) {
        const panels = Number(/ (\d+)x/.exec(key)![1]) / 64
        const entries = rowBuckets.flatMap((bucket) =>
          family.leastPairs.map((least) => {
            const tiles = candidates(family, bucket, panels, found)
            const fits = tiles.map(({ lanes, pairs }) => lanes * pairs >= least)
            return [`${bucket} ${least}`, fits[wanted] ? wanted : fits.indexOf(true)]
          }),
        )
        return JSON.stringify(Object.fromEntries(entries))
      },
      set() {
        throw new Error('nothing is measured')
      },
    }
    const { backend: tuned } = await openWithDevice(facts, { arithmetic, tune: tuner(tuningCache) })
    expect(await layer(tuned), `candidate ${wanted}`).toEqual(plain)
    tuned.dispose()
  }
})

test.each(['f32', 'i8'] as const)('what is measured changes no bit: %s', async (arithmetic) => {
  const entries = new Map<string, string>()
  const tuningCache: TuningCache = { get: (key) => entries.get(key), set: (key, value) => entries.set(key, value) }
  const [plain, tuned] = [
    await openWithDevice({}, { arithmetic }),
    await openWithDevice({}, { arithmetic, tune: tuner(tuningCache) }),
  ]
  expect(await layer(tuned.backend)).toEqual(await layer(plain.backend))
  expect(entries.size).toBe(2)
  for (const { backend } of [plain, tuned]) backend.dispose()
})
