import { afterAll, beforeAll, expect, test } from 'vitest'
import { openNullMatrices } from '../../../test/backends'
import { layouts } from '../../weights/layout'
import { linearShaders } from '../linear/linear.wgsl'
import { chooseMatrixTile, fits, type MatrixTile } from './matrix-tile'

let opened: Awaited<ReturnType<typeof openNullMatrices>>
beforeAll(async () => {
  opened = await openNullMatrices()
})
afterAll(() => opened.backend.dispose())

const tiles: readonly MatrixTile[] = ([1, 2, 4] as const).flatMap((columns) =>
  ([4, 16] as const).flatMap((subgroups) =>
    (columns === 1 ? ([64] as const) : ([32, 64] as const)).flatMap((inputs) =>
      ([1, 2] as const).map((depth) => ({ columns, subgroups, inputs, depth })),
    ),
  ),
)
const decoders = [...new Set(Object.values(layouts).map(({ decoder }) => decoder))]

// The pipelines of tiles that are too large for this device cannot be made; their texts can be checked.
test.each(decoders)('the text of every tile is valid: %s', async (decoder) => {
  const { facts } = opened
  for (const [i, tile] of tiles.entries()) {
    const rowTiles = ([1, 2, 4] as const)[i % 3]!
    const epilogue = { bias: true, adds: 'out', peaks: 'none', twin: 'none' } as const
    const code = linearShaders.f16(
      { decoder, tile, rowTiles, norm: true, bounded: true, twin: 'gain', epilogue },
      facts,
    )
    const info = await opened.device.createShaderModule({ code }).getCompilationInfo()
    const faults = info.messages.filter(({ type }) => type !== 'info')
    expect(faults.map(({ message, lineNum }) => `${lineNum}: ${message}`)).toEqual([])
  }
})

test('the chosen tile fits the smallest device and uses the largest', () => {
  const limits = (memory: number, lanes: number) =>
    ({
      limits: { maxComputeWorkgroupStorageSize: memory, maxComputeInvocationsPerWorkgroup: lanes },
    }) as Parameters<typeof chooseMatrixTile>[2]
  for (const outputs of [1, 576, 2048, 4096, 49_152])
    for (const inputs of [32, 576, 4096, 14_336])
      for (const device of [limits(16_384, 256), limits(49_152, 1024)]) {
        const cuts = [1, 16, 17, 64].map((rows) => {
          const tile = chooseMatrixTile([outputs, inputs], rows, device)
          expect(fits(tile, device.limits)).toBe(true)
          return { subgroups: tile.subgroups, inputs: tile.inputs }
        })
        expect(new Set(cuts.map((cut) => JSON.stringify(cut))).size, 'the cut of K').toBe(1)
      }
  const large = limits(49_152, 1024)
  expect(chooseMatrixTile([14_336, 4096], 1, large)).toEqual({ columns: 2, subgroups: 4, inputs: 32, depth: 2 })
  expect(chooseMatrixTile([14_336, 4096], 17, large)).toEqual({ columns: 4, subgroups: 4, inputs: 32, depth: 1 })
  expect(chooseMatrixTile([4096, 14_336], 1, large)).toEqual({ columns: 2, subgroups: 16, inputs: 32, depth: 1 })
  expect(chooseMatrixTile([2048, 8192], 1, large)).toEqual({ columns: 1, subgroups: 16, inputs: 64, depth: 1 })
})
