import { expect, test } from 'vitest'
import { nullGpu } from '../test/backends'
import { openDevice } from './device'
import { halfMatrix, hasMatrix, int8Matrix, type MatrixConfig } from './matrices'

const features = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix']

/** What is found on the null device, which has the feature and lists no matrices, where its adapter says otherwise. */
async function found(
  words: object,
  without: readonly string[] = [],
  subgroups = true,
): Promise<readonly MatrixConfig[]> {
  const gpu = {
    requestAdapter: async () => {
      const adapter = (await nullGpu().requestAdapter())!
      return {
        features: new Set(features.filter((name) => !without.includes(name))),
        limits: adapter.limits,
        info: { vendor: '', architecture: '', device: '', description: '', ...words },
        requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
      }
    },
  } as unknown as GPU
  const { device, facts } = await openDevice({ gpu, subgroups })
  device.destroy()
  return facts.matrices
}

test('a device has the matrices that its adapter lists, in subgroups of 32 lanes', async () => {
  const sizes = { subgroupMinSize: 32, subgroupMaxSize: 32 }
  const listed = { ...sizes, subgroupMatrixConfigs: [halfMatrix, int8Matrix] }
  expect(await found(listed)).toEqual([halfMatrix, int8Matrix])
  expect(await found(listed, ['shader-f16'])).toEqual([int8Matrix])
  expect(await found(listed, ['chromium-experimental-subgroup-matrix'])).toEqual([])
  expect(await found(listed, [], false)).toEqual([])
  expect(await found({ ...listed, subgroupMinSize: 8 })).toEqual([])
  expect(await found({ ...listed, subgroupMaxSize: 64 })).toEqual([])
  expect(await found(sizes)).toEqual([])
})

test('a matrix is known by its types and sizes', () => {
  expect(hasMatrix([halfMatrix, int8Matrix], { ...int8Matrix })).toBe(true)
  expect(hasMatrix([halfMatrix], int8Matrix)).toBe(false)
  expect(hasMatrix([{ ...halfMatrix, M: 8, N: 8, K: 8 }], halfMatrix)).toBe(false)
  expect(hasMatrix([{ ...halfMatrix, resultComponentType: 'f16' }], halfMatrix)).toBe(false)
})
