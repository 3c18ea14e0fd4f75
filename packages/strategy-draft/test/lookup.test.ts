import type { SessionView } from '@outrider/core'
import { expect, test } from 'vitest'
import { lookup } from '../src'

/** What `lookup` proposes for a text; `tokens` may be changed in between, as the engine changes them. */
async function proposer(options: Parameters<typeof lookup>[0], tokens: number[]) {
  const { start } = await lookup(options).load({} as never)
  const made = start({ tokens } as unknown as SessionView)
  return {
    ...made,
    truncate: (length: number) => made.truncate?.(length),
    propose: async (depth = 9, nodes = 9) => {
      const draft = await made.propose({ nodes, depth })
      if (draft === null) return null
      expect('parents' in draft && draft.parents).toEqual('tokens' in draft && draft.tokens.map((_, i) => i - 1))
      return 'tokens' in draft ? draft.tokens : undefined
    },
  }
}

const first = async (tokens: number[], options: Parameters<typeof lookup>[0] = { maxNgram: 3, tokens: 4 }) =>
  (await proposer(options, tokens)).propose()

test('proposes what followed the longest repeated end, at its latest place', async () => {
  expect(await first([1, 2, 3, 7, 1, 2, 3, 8, 9, 4, 5, 1, 2, 3])).toEqual([8, 9, 4, 5])
  // Three tokens stand earlier than two and one do, and go before them.
  expect(await first([3, 7, 7, 7, 2, 3, 8, 6, 6, 6, 4, 3, 5, 5, 2, 3])).toEqual([8, 6, 6, 6])
  expect(await first([9, 9])).toEqual([9])
  expect(await first([1, 2, 3, 4])).toBeNull()
  expect(await first([6])).toBeNull()
})

test('looks for ends of the lengths that it is told', async () => {
  const text = [2, 3, 8, 8, 5, 3, 6, 6, 2, 3]
  expect(await first(text, { maxNgram: 1, tokens: 2 })).toEqual([6, 6])
  expect(await first(text, { maxNgram: 2, tokens: 2 })).toEqual([8, 8])
  expect(await first(text, { minNgram: 3, maxNgram: 4 })).toBeNull()
})

test('respects the budget', async () => {
  const made = await proposer({ tokens: 6 }, [1, 2, 3, 4, 5, 6, 7, 8, 1])
  expect(await made.propose()).toEqual([2, 3, 4, 5, 6, 7])
  expect(await made.propose(3)).toEqual([2, 3, 4])
  expect(await made.propose(9, 2)).toEqual([2, 3])
})

test('follows a text that grows, and forgets what was taken back', async () => {
  const tokens = [1, 2, 3, 1]
  const made = await proposer({ maxNgram: 2, tokens: 2 }, tokens)
  expect(await made.propose()).toEqual([2, 3])
  tokens.push(2, 5, 1, 2)
  expect(await made.propose()).toEqual([5, 1])
  tokens.splice(4, 4, 7, 7, 1, 2)
  expect(made.truncate(3)).toBe(3)
  expect(await made.propose()).toEqual([3, 1])
})
