import type { Backend } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mergeByPaths, mergeCases, mergeOn } from '../../test/support/merge-cases'

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
