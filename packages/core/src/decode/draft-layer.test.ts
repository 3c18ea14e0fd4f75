import { expect, test, vi } from 'vitest'
import { referenceBackend } from '../reference'
import { type DeviceDraft, MAX_TREE_ROWS } from '../spec'
import { DraftLayer } from './draft-layer'

const budget = { nodes: 7, depth: 3 }

function layer() {
  const backend = referenceBackend()
  const words = () => backend.tensor([MAX_TREE_ROWS], 'u32', 'tree')
  const shape = words()
  const write = vi.spyOn(backend, 'write')
  const laid = new DraftLayer(backend, { tokens: words(), shape }, 100, 'mine')
  return { laid, shapes: () => write.mock.calls.filter(([tensor]) => tensor === shape).map(([, data]) => [...data]) }
}

const draft = (parents: readonly number[] | null, more: Partial<DeviceDraft> = {}): DeviceDraft => ({
  programs: [],
  nodes: parents?.length ?? 3,
  parents,
  ...more,
})

test('a topology is written once, and again after a program may have written another', () => {
  const { laid, shapes } = layer()
  const first = laid.lay(draft([-1, -1, 0]), budget)
  expect(first).toMatchObject({ nodes: 3, levels: 2, chain: false })
  expect(laid.lay(draft([-1, -1, 0]), budget)).toMatchObject({ levels: 2, chain: false })
  expect(shapes()).toEqual([[4, 0, 0, 1]])
  expect(laid.lay(draft(null), budget)).toMatchObject({ nodes: 3, levels: 3, chain: false })
  laid.lay(draft([-1, -1, 0]), budget)
  expect(shapes()).toHaveLength(2)
  expect(laid.lay(draft([-1, 0, 1]), budget)).toMatchObject({ levels: 3, chain: true })
  // A program that may leave fewer rows leaves another count.
  laid.lay(draft([-1, 0, 1], { fewer: true }), budget)
  expect(shapes()).toHaveLength(4)
})

test('rows with children are those that a rule is told the laws of', () => {
  const { laid } = layer()
  expect(laid.lay(draft([-1, -1, 0], { q: true }), budget).q).toEqual([0, 1])
  expect(laid.lay(draft([-1, -1, 0]), budget).q).toEqual([])
  expect(laid.lay(draft(null, { q: true }), budget).q).toEqual([0, 1, 2])
})

test('a list that was changed in place is checked anew', () => {
  const { laid } = layer()
  const parents = [-1, 0, 1]
  expect(laid.lay(draft(parents), budget).levels).toBe(3)
  parents[2] = -1
  expect(laid.lay(draft(parents), budget).levels).toBe(2)
  parents[1] = 5
  expect(() => laid.lay(draft(parents), budget)).toThrow(expect.objectContaining({ code: 'TREE_MALFORMED' }))
})

test.each([
  ['more nodes than the budget', draft([-1, 0, 1]), { nodes: 2, depth: 3 }, 'TREE_TOO_LARGE'],
  ['more levels', draft([-1, 0, 1]), { nodes: 7, depth: 2 }, 'TREE_TOO_LARGE'],
  ['a part of a node', draft(null, { nodes: 1.5 }), budget, 'TREE_MALFORMED'],
  ['as many nodes as parents, but for one', draft([-1, 0], { nodes: 3 }), budget, 'TREE_MALFORMED'],
])('a draft of %s is refused, also where the one before it was like it', (_, given, limits, code) => {
  const { laid } = layer()
  laid.lay(draft([-1, 0, 1]), budget)
  expect(() => laid.lay(given, limits)).toThrow(expect.objectContaining({ code }))
})

test('what the host drafts is laid the same', () => {
  const { laid, shapes } = layer()
  expect(laid.lay({ tokens: [5, 6], parents: [-1, 0] }, budget)).toMatchObject({ nodes: 2, levels: 2, chain: true })
  expect(laid.lay(null, budget)).toMatchObject({ nodes: 0, levels: 0, chain: true })
  expect(shapes()).toEqual([[3, 0, 1], [1]])
})
