import type { DecodeStats } from '@outrider/core'
import { expect, test } from 'vitest'
import type { Acceptance } from './acceptance'
import type { Comparison, Pair } from './compare-endpoint'
import { comparisonText } from './comparison-text'

const sides = { url: 'http://gpu:8000/v1', served: 'llama', strategy: 'eagle3', device: 'a laptop' }
const acceptance: Acceptance = {
  length: 2.5,
  counts: { drafts: 10, proposed: 50, accepted: 15 },
  byPosition: [0.8, 0.5, 0.2],
  source: 'counters of the endpoint',
}

/** Ten tokens on both sides, in so many milliseconds. */
function pair(name: string, endpointMs: number, localMs: number, difference: Pair['difference'] = null): Pair {
  const endpoint = { text: 'a'.repeat(40), tokens: 10, promptTokens: 5, firstMs: 20, ms: endpointMs }
  const local = { text: 'a'.repeat(40), ids: Array<number>(10).fill(1), firstMs: 30, ms: localMs }
  return { name, endpoint, local: { ...local, stats: {} as DecodeStats }, difference }
}

function told(pairs: readonly Pair[], more: Partial<Comparison> = {}): string {
  const comparison = { pairs, endpointAcceptance: acceptance, localAcceptance: acceptance, counted: false }
  return comparisonText({ ...comparison, ...more }, sides)
}

test('both sides in a table, and slower where it is slower', () => {
  expect(told([pair('a', 100, 200), pair('b', 100, 800)])).toBe(`endpoint  llama at http://gpu:8000/v1
here      eagle3 on a laptop

          tokens  tokens/s  first ms  length  proposed  accepted  % accepted at position 1, 2, …
endpoint      20       100      20.0    2.50        50        15  80 50 20
here          20      31.3      30.0    2.50        50        15  80 50 20

eagle3 here runs at 0.25x the endpoint's speed: slower (geometric mean over 2 prompts; whole requests, the network among them).
Same text: 2 of 2.
Acceptance: counters of the endpoint.`)
})

test('faster where it is faster', () => {
  expect(told([pair('a', 300, 100)])).toContain(
    "eagle3 here runs at 3.00x the endpoint's speed: faster (geometric mean over 1 prompt;",
  )
})

test('texts that differ, each with its place, and the share before', () => {
  const difference = { character: 10, token: 3, endpoint: 'cat', local: '' }
  const text = told([pair('a', 1, 1, difference), pair('b', 1, 1)])
  expect(text).toContain(`Same text: 1 of 2; 63 % of the characters stand before the first difference.
  a: differs from token 3 (character 10): endpoint "cat", here ends`)
})

test('what is not known, and what was counted here', () => {
  const text = told([pair('a', 1, 1)], { endpointAcceptance: 'no metrics', counted: true })
  expect(text).toMatch(/^endpoint +10 +\d+ +20.0 +- +- +- +-$/m)
  expect(text).toContain('Acceptance of the endpoint is not known: no metrics.')
  expect(text).toContain('they were counted here, from its text')
})

test('nothing written is no speed', () => {
  const empty = pair('a', 1, 1)
  expect(told([{ ...empty, endpoint: { ...empty.endpoint, tokens: 0 } }])).toContain('there is no speed to compare')
})
