import { expect, test } from 'vitest'
import { DeviceTensor, Memory } from './memory'

/** A device of which allocations above `most` bytes fail the way WebGPU's do: in an error scope, later. */
function deviceOf(most: number): GPUDevice {
  const scopes: (GPUError | null)[] = []
  return {
    limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 },
    pushErrorScope: () => void scopes.push(null),
    popErrorScope: async () => scopes.pop() ?? null,
    createBuffer: ({ size }: GPUBufferDescriptor) => {
      if (size > most) scopes[scopes.length - 1] = { message: 'no memory' }
      return { destroy: () => {} }
    },
  } as unknown as GPUDevice
}

test('running out of memory is found and reported once, with what did not fit', async () => {
  const memory = new Memory(deviceOf(1000))
  const small = new DeviceTensor(memory, [10], 'f32', 'small')
  await memory.settled()
  const large = new DeviceTensor(memory, [1000], 'f32', 'the large one')
  await expect(memory.settled()).rejects.toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: expect.stringMatching(/4000 bytes for the large one/),
  })
  await memory.settled()
  small.dispose()
  large.dispose()
  expect(memory.liveBytes).toBe(0)
  expect(memory.peakBytes).toBe(4040)
})
