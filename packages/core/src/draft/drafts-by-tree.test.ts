import { expect, test } from 'vitest'
import type { DraftNoise } from '../spec'
import { DraftsByTree } from './drafts-by-tree'

test('a draft is made once for each paths, budget and whether there is noise; one that fails is made again', () => {
  const drafts = new DraftsByTree<number>()
  let made = 0
  const make = () => made++
  const [one, other] = [[[0]], [[0]]]
  const noise = {} as DraftNoise
  const all = () => [
    drafts.get(one, 3, 2, null, make),
    drafts.get(one, 2, 3, null, make),
    drafts.get(one, 3, 2, noise, make),
    drafts.get(other, 3, 2, null, make),
  ]
  expect(all()).toEqual([0, 1, 2, 3])
  expect(all()).toEqual([0, 1, 2, 3])
  const fails = () => {
    throw new Error('no')
  }
  expect(() => drafts.get(one, 9, 9, null, fails)).toThrow('no')
  expect(drafts.get(one, 9, 9, null, make)).toBe(4)
})
