import { expect, test } from 'vitest'
import { openNull } from '../test/backends'
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
