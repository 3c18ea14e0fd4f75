import { expect, test } from 'vitest'
import { nullGpu, openNull } from '../test/backends'
import { describe as inWords, isSoftware, openDevice } from './device'
import { webgpu } from './index'

const info = (fields: Partial<GPUAdapterInfo>): GPUAdapterInfo =>
  ({
    vendor: '',
    architecture: '',
    device: '',
    description: '',
    isFallbackAdapter: false,
    ...fields,
  }) as GPUAdapterInfo

test('a device in words', () => {
  expect(inWords(info({ vendor: 'nvidia', architecture: 'hopper', device: '0x2330' }))).toBe('nvidia hopper 0x2330')
  expect(inWords(info({ vendor: 'apple', description: 'apple' }))).toBe('apple')
  expect(inWords(info({}))).toBe('unnamed adapter')
})

test('general processors are told from graphics ones', () => {
  expect(isSoftware(info({ vendor: 'google', architecture: 'swiftshader' }))).toBe(true)
  expect(isSoftware(info({ description: 'llvmpipe (LLVM 15)' }))).toBe(true)
  expect(isSoftware(info({ vendor: 'intel', isFallbackAdapter: true }))).toBe(true)
  expect(isSoftware(info({ vendor: 'nvidia', architecture: 'hopper' }))).toBe(false)
})

test('the probe turns subgroups off where lanes are not seen in order', async () => {
  // The null device has the feature and computes nothing, so that the probe reads zeros.
  const probed = await openNull()
  expect(probed.info.features).not.toContain('subgroups')
  const trusted = await openNull({ subgroups: true })
  expect(trusted.info.features).toContain('subgroups')
  probed.dispose()
  trusted.dispose()
})

test('an adapter without a device', async () => {
  const adapter = {
    features: new Set(),
    limits: {},
    requestDevice: async () => {
      throw new Error('out of handles')
    },
  }
  const gpu = { requestAdapter: async () => adapter } as unknown as GPU
  await expect(openDevice({ gpu })).rejects.toMatchObject({ code: 'DEVICE_LACKS', message: /out of handles/ })
})

test('a runtime without WebGPU', async () => {
  await expect(webgpu()).rejects.toMatchObject({ code: 'ADAPTER_MISSING' })
})

test('the arithmetic i8 needs dot products of packed bytes', async () => {
  const there = await openNull({ arithmetic: 'i8' })
  expect(there.info.arithmetic).toBe('i8')
  there.dispose()
  const opened: GPUDevice[] = []
  const gpu = {
    wgslLanguageFeatures: new Set(),
    requestAdapter: async () => {
      const adapter = (await nullGpu().requestAdapter())!
      const { requestDevice } = adapter
      adapter.requestDevice = async (descriptor) => {
        const device = await requestDevice.call(adapter, descriptor)
        opened.push(device)
        return device
      }
      return adapter
    },
  } as unknown as GPU
  const message = /packed_4x8_integer_dot_product/
  await expect(webgpu({ gpu, arithmetic: 'i8' })).rejects.toMatchObject({ code: 'DEVICE_LACKS', message })
  expect((await opened[0]!.lost).reason).toBe('destroyed')
  const float = await webgpu({ gpu })
  expect(float.info.arithmetic).toBe('f32')
  float.dispose()
})

test('the arithmetic f16 needs subgroup matrices of 16 by 16 in subgroups of 32 lanes', async () => {
  const halves = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 }
  const opened: GPUDevice[] = []
  /** The null device, which has the feature, with other words about itself. */
  const gpuSaying = (words: object): GPU =>
    ({
      requestAdapter: async () => {
        const adapter = (await nullGpu().requestAdapter())!
        return {
          features: adapter.features,
          limits: adapter.limits,
          info: { ...info({}), subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrixConfigs: [halves], ...words },
          requestDevice: async (descriptor: GPUDeviceDescriptor) => {
            const device = await adapter.requestDevice(descriptor)
            opened.push(device)
            return device
          },
        }
      },
    }) as unknown as GPU
  const there = await webgpu({ gpu: gpuSaying({}), subgroups: true, arithmetic: 'f16' })
  expect(there.info.arithmetic).toBe('f16')
  there.dispose()
  const lacking: readonly (readonly [object, boolean])[] = [
    [{ subgroupMinSize: 8 }, true],
    [{ subgroupMaxSize: 64 }, true],
    [{ subgroupMatrixConfigs: undefined }, true],
    [{ subgroupMatrixConfigs: [{ ...halves, M: 8, N: 8, K: 8 }] }, true],
    [{ subgroupMatrixConfigs: [{ ...halves, resultComponentType: 'f16' }] }, true],
    [{}, false],
  ]
  const message = /chromium-experimental-subgroup-matrix/
  for (const [words, subgroups] of lacking) {
    const opening = webgpu({ gpu: gpuSaying(words), subgroups, arithmetic: 'f16' })
    await expect(opening).rejects.toMatchObject({ code: 'DEVICE_LACKS', message })
    expect((await opened.at(-1)!.lost).reason).toBe('destroyed')
  }
})
