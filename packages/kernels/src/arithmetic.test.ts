import { expect, test } from 'vitest'
import { nullGpu } from '../test/backends'
import { fastestArithmetic } from './arithmetic'
import { openDevice } from './device'
import { webgpu } from './index'

test('the fastest arithmetic is i8 on a GPU with packed dots, f32 elsewhere; nothing is chosen unasked but f32', async () => {
  const { device, facts } = await openDevice({ gpu: nullGpu() })
  device.destroy()
  expect(fastestArithmetic({ ...facts, packedDot: true, software: false })).toBe('i8')
  expect(fastestArithmetic({ ...facts, packedDot: false, software: false })).toBe('f32')
  expect(fastestArithmetic({ ...facts, packedDot: true, software: true })).toBe('f32')
  const fastest = await webgpu({ gpu: nullGpu(), arithmetic: 'fastest' })
  expect(fastest.info).toMatchObject({ arithmetic: 'i8', software: false })
  const usual = await webgpu({ gpu: nullGpu() })
  expect(usual.info.arithmetic).toBe('f32')
  for (const backend of [fastest, usual]) backend.dispose()
})
