import type { SessionView, TokenTree } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { suffix, suffixStore } from '../src'
import { SuffixTree } from '../src/suffix-tree'

/** A proposer of `suffix` over a text that the test changes as the engine does. */
async function proposer(options: Parameters<typeof suffix>[0], tokens: number[]) {
  const { start } = await suffix(options).load({} as never)
  const made = start({ tokens } as unknown as SessionView)
  return {
    made,
    propose: async (nodes = 20, depth = 20) => (await made.propose({ nodes, depth })) as TokenTree | null,
  }
}

describe('suffix', () => {
  test('proposes the most frequent continuation, as far as the match is long', async () => {
    const { propose } = await proposer({}, [1, 2, 3, 9, 1, 2, 4, 8, 1, 2, 4, 8, 7, 1, 2])
    // 4 followed "1 2" twice, 3 once; two tokens matched, so two are proposed.
    expect(await propose()).toEqual({ tokens: [4, 8], parents: [-1, 0] })
    expect(await propose(1)).toEqual({ tokens: [4], parents: [-1] })
    expect(await propose(20, 1)).toEqual({ tokens: [4], parents: [-1] })
  })

  test('proposes a tree of the likeliest continuations, siblings among them', async () => {
    const { propose } = await proposer({ nodes: 4, factor: 2 }, [1, 2, 3, 9, 1, 2, 4, 9, 1, 2, 4, 7, 1, 2])
    const tree = (await propose()) as TokenTree
    expect(tree.tokens).toHaveLength(4)
    const roots = tree.tokens.filter((_, i) => tree.parents[i] === -1)
    expect(roots).toEqual([4, 3])
    for (const [node, parent] of tree.parents.entries()) expect(parent).toBeLessThan(node)
  })

  test('says nothing where nothing was seen, or where it is unlikely', async () => {
    expect(await (await proposer({}, [1, 2, 3])).propose()).toBeNull()
    const text = [5, 1, 5, 2, 5, 3, 5, 4, 5]
    expect(await (await proposer({ minProbability: 0.3 }, text)).propose()).toBeNull()
    expect(await (await proposer({ minProbability: 0.2 }, text)).propose()).not.toBeNull()
  })

  test('forgets what a session takes back, and keeps what a store was told', async () => {
    const tokens = [1, 2, 3, 4, 1, 2]
    const alone = await proposer({}, tokens)
    expect((await alone.propose())?.tokens).toEqual([3, 4])
    tokens.splice(2, 4, 7, 8, 1, 2)
    expect(alone.made.truncate?.(1)).toBe(1)
    expect((await alone.propose())?.tokens).toEqual([7, 8])

    const store = suffixStore()
    const first = await proposer({ store }, [10, 11, 12, 13])
    await first.propose()
    const second = await proposer({ store }, [10, 11])
    expect((await second.propose())?.tokens).toEqual([12, 13])
  })

  test('holds no more pieces than it may', () => {
    const tree = new SuffixTree(8, 500)
    const reader = tree.reader()
    for (let i = 0; i < 5000; i++) {
      reader.push((i * i) % 97)
      expect(tree.size).toBeLessThanOrEqual(500 + 8)
    }
    for (let i = 0; i < 20; i++) reader.push(i % 2)
    expect(reader.matches().length).toBeGreaterThan(0)
  })

  test('gives the ids of plain decoding, one submission and one read a round', async () => {
    const store = suffixStore()
    const engine = await engineOn(await writeTinyModel({ seed: 3 }), {
      strategies: [suffix(), suffix({ name: 'tree', nodes: 12, factor: 2 }), suffix({ name: 'shared', store })],
    })
    let accepted = 0
    for (const prompt of [[3], [5, 9, 11, 5, 9, 11, 5]]) {
      const plain = await engine.complete(prompt, { maxTokens: 80, ignoreEos: true })
      for (const strategy of ['suffix', 'tree', 'shared', 'shared']) {
        const { ids, stats } = await engine.complete(prompt, { strategy, maxTokens: 80, ignoreEos: true })
        expect({ strategy, ids }).toEqual({ strategy, ids: plain.ids })
        expect(stats.submits).toBe(stats.rounds + (prompt.length > 1 ? 1 : 0))
        expect(stats.reads).toBe(stats.rounds)
        accepted += stats.accepted
      }
    }
    expect(accepted).toBeGreaterThan(0)
    await engine.dispose()
  })

  test.each([
    [{ depth: 0 }],
    [{ factor: 0 }],
    [{ minProbability: 2 }],
    [{ nodes: 1.5 }],
    [{ nodes: 256 }],
    [{ maxPieces: -1 }],
  ])('refuses %o', (options) => {
    expect(() => suffix(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
