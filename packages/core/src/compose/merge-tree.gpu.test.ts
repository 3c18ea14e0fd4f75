import type { Backend } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { foldable, lastThatSpeaks, mergeByPaths, mergeCases, mergeOn } from '../../test/support/merge-cases'

let backend: Backend

beforeAll(async () => {
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

test.each(mergeCases())('$name are merged to the same words on the device', async (each) => {
  expect(await mergeOn(backend, each)).toEqual(mergeByPaths(each))
})

test.each(mergeCases().filter(({ parts }) => parts.length > 1))(
  '$name: the device finds the last that has a node',
  async (each) => {
    expect(await mergeOn(backend, each, 'before')).toEqual(lastThatSpeaks(each))
  },
)

test.each(mergeCases().filter(foldable))('$name: the first is laid where the second is merged', async (each) => {
  expect(await mergeOn(backend, each, 'beside', true)).toEqual(mergeByPaths(each))
  expect(await mergeOn(backend, each, 'before', true)).toEqual(lastThatSpeaks(each))
})
