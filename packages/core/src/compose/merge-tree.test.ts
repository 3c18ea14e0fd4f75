import { expect, test } from 'vitest'
import { foldable, lastThatSpeaks, mergeByPaths, mergeCases, mergeOn } from '../../test/support/merge-cases'
import { referenceBackend } from '../reference'

const backend = referenceBackend()

test.each(mergeCases())('$name are one tree of all their paths, credited to all who drafted them', async (each) => {
  const found = await mergeOn(backend, each)
  expect(found).toEqual(mergeByPaths(each))
  expect([...found.shape.subarray(1)].every((parent, node) => parent <= node)).toBe(true)
  expect(backend.stats.liveBytes).toBe(0)
})

test.each(mergeCases())('$name: the last that has a node goes before those it was put before', async (each) => {
  expect(await mergeOn(backend, each, 'before')).toEqual(lastThatSpeaks(each))
})

test('the trees share paths', () => {
  const shared = mergeCases().filter((each) => {
    const nodes = each.parts.reduce((sum, { tokens }) => sum + tokens.length, 0)
    return mergeByPaths({ ...each, maxRows: 1000 }).tokens.length < nodes
  })
  expect(shared.length).toBeGreaterThan(20)
})

test.each(mergeCases().filter(foldable))('$name: the first is laid where the second is merged', async (each) => {
  expect(await mergeOn(backend, each, 'beside', true)).toEqual(mergeByPaths(each))
  expect(await mergeOn(backend, each, 'before', true)).toEqual(lastThatSpeaks(each))
})
