import type { SessionView } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { type LookupOptions, lookup } from '../src'
import { deviceLookup, hostLookup, randomTexts } from './lookups'

const backend = referenceBackend()

describe.each(['host', 'device'] as const)('on the %s', (on) => {
  const first = async (tokens: number[], options: LookupOptions = { maxNgram: 3, tokens: 4 }) =>
    on === 'host' ? (await hostLookup(options, tokens)).propose() : deviceLookup(backend, options, tokens)

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
    const text = [1, 2, 3, 4, 5, 6, 7, 8, 1]
    const propose = async (nodes: number, depth: number) =>
      on === 'host'
        ? (await hostLookup({ tokens: 6 }, text)).propose({ nodes, depth })
        : deviceLookup(backend, { tokens: 6 }, text, { nodes, depth })
    expect(await propose(9, 9)).toEqual([2, 3, 4, 5, 6, 7])
    expect(await propose(9, 3)).toEqual([2, 3, 4])
    expect(await propose(2, 9)).toEqual([2, 3])
  })
})

test('on the host it follows a text that grows, and forgets what was taken back', async () => {
  const tokens = [1, 2, 3, 1]
  const made = await hostLookup({ maxNgram: 2, tokens: 2 }, tokens)
  expect(await made.propose()).toEqual([2, 3])
  tokens.push(2, 5, 1, 2)
  expect(await made.propose()).toEqual([5, 1])
  tokens.splice(4, 4, 7, 7, 1, 2)
  expect(made.truncate(3)).toBe(3)
  expect(await made.propose()).toEqual([3, 1])
})

test('where trees of the device are read, the host searches', async () => {
  const tokens = [1, 2, 3, 1]
  const session = { backend, tokens } as unknown as SessionView
  const { start } = await lookup({ maxNgram: 2, tokens: 2 }).load({} as never)
  const made = start(session)
  const budget = { nodes: 9, depth: 9, pruned: true }
  expect(await made.propose(budget)).toMatchObject({ tokens: [2, 3] })
  tokens.splice(1, 3, 5, 1)
  expect(made.truncate?.(0)).toBe(0)
  expect(await made.propose(budget)).toMatchObject({ tokens: [5, 1] })
  made.dispose?.()
})

test('both find the same in any text', async () => {
  let found = 0
  for (const { tokens, options } of randomTexts()) {
    const expected = await (await hostLookup(options, tokens)).propose()
    expect(await deviceLookup(backend, options, tokens)).toEqual(expected)
    if (expected) found++
  }
  expect(found).toBeGreaterThan(15)
  expect(backend.stats.liveBytes).toBe(0)
})

test('it says who may search', () => {
  expect(() => lookup({ on: 'gpu' as 'device' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})
