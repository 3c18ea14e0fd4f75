import { describe, expect, test } from 'vitest'
import { device, floats, read, run, treePass, words } from '../../../test/support/reference-run'
import type { Pass, Tensor } from '../../spec'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, NO_TOKEN, OUTCOME } from '../../spec'

describe('trees', () => {
  const index = async (pass: Pass) => {
    const [all = []] = await read(pass.index)
    const row = (r: number) => ({
      position: all[INDEX.positions + r] as number,
      path: all.slice(INDEX.paths + r * MAX_PATH, INDEX.paths + (r + 1) * MAX_PATH),
    })
    return { base: all[INDEX.base], rows: all[INDEX.rows], row }
  }

  test('treeIndex gives positions and paths by depth, and the pending token', async () => {
    const pass = await treePass(9, [7, 8, 9, 6], [-1, -1, 0, 2], 8)
    const { base, rows, row } = await index(pass)
    expect([base, rows]).toEqual([9, 5])
    expect([0, 1, 2, 3, 4].map((r) => row(r).position)).toEqual([9, 10, 10, 11, 12])
    const paths = [[0], [0, 1], [0, 2], [0, 1, 3], [0, 1, 3, 4]]
    for (const [r, path] of paths.entries()) expect(row(r).path.slice(0, path.length)).toEqual(path)
    const [tokens] = await read(pass.tokens)
    expect(tokens?.slice(0, 5)).toEqual([109, 7, 8, 9, 6])
  })

  test('spanIndex lays committed tokens out as a chain, and stops at its limit', async () => {
    const sequence = { history: words(64, [10, 11, 12, 13, 14, 15, 16]), length: words(1) }
    const span = { tokens: words(MAX_TREE_ROWS), index: words(INDEX.words) }
    const lay = async (from: number, to: number, toOffset: number, rows: number) => {
      await run((ops) =>
        ops.spanIndex({ sequence, from: words(1, [from]), to: words(1, [to]), toOffset, rows, ...span }),
      )
      return index({ rows, first: 0, ...span })
    }
    const first = await lay(2, 4, 1, 8)
    expect([first.base, first.rows]).toEqual([2, 3])
    expect([0, 1, 2].map((r) => first.row(r).position)).toEqual([2, 3, 4])
    expect(first.row(2).path.slice(0, 3)).toEqual([0, 1, 2])
    expect((await read(span.tokens))[0]?.slice(0, 3)).toEqual([12, 13, 14])
    expect((await lay(1, 6, 0, 2)).rows).toBe(2)
    expect((await lay(4, 4, 0, 2)).rows).toBe(0)
    expect((await lay(5, 3, 0, 2)).rows).toBe(0)
  })

  /** Row choices → accepted rows, tokens. */
  async function walk(tokens: number[], parents: number[], choices: number[], rows = 8) {
    const pass = await treePass(9, tokens, parents, rows)
    const outcome = words(OUTCOME.words)
    const [all = []] = await run((ops) => ops.walkTree({ pass, choices: words(8, choices), outcome }), outcome)
    const accepted = all[OUTCOME.accepted] as number
    expect(all[OUTCOME.length]).toBe(9)
    expect(all[OUTCOME.rows]).toBe(tokens.length + 1)
    return {
      path: all.slice(OUTCOME.path, OUTCOME.path + accepted + 1),
      tokens: all.slice(OUTCOME.tokens, OUTCOME.tokens + accepted + 1),
    }
  }

  test('walkTree follows the choices, sibling or not', async () => {
    // Nodes 1: 7, 2: 8, 3: 9 below 2, 4: 7 below 2, 5: 6 below 4.
    const [tokens, parents] = [
      [7, 8, 9, 7, 6],
      [-1, -1, 1, 1, 3],
    ]
    expect(await walk(tokens, parents, [8, 0, 7, 0, 6, 3])).toEqual({ path: [0, 2, 4, 5], tokens: [8, 7, 6, 3] })
    expect(await walk(tokens, parents, [8, 0, 9, 4, 6, 3])).toEqual({ path: [0, 2, 3], tokens: [8, 9, 4] })
    expect(await walk(tokens, parents, [7, 9, 9, 4, 6, 3])).toEqual({ path: [0, 1], tokens: [7, 9] })
    expect(await walk(tokens, parents, [5, 7, 7, 7, 6, 3])).toEqual({ path: [0], tokens: [5] })
    expect(await walk([], [], [4])).toEqual({ path: [0], tokens: [4] })
  })

  test('walkTree gives no token where there is none to choose', async () => {
    expect(await walk([7], [-1], [7, NO_TOKEN])).toEqual({ path: [0, 1], tokens: [7, NO_TOKEN] })
    expect(await walk([7], [-1], [NO_TOKEN, 3])).toEqual({ path: [0], tokens: [NO_TOKEN] })
  })

  function outcomeOf(length: number, path: readonly number[], tokens: readonly number[]): Tensor {
    const outcome = new Array<number>(OUTCOME.words).fill(0)
    outcome[OUTCOME.accepted] = path.length
    outcome[OUTCOME.length] = length
    outcome.splice(OUTCOME.path, path.length + 1, 0, ...path)
    outcome.splice(OUTCOME.tokens, tokens.length, ...tokens)
    return words(OUTCOME.words, outcome)
  }

  test('commitTokens appends to the history and moves the length', async () => {
    const sequence = { history: words(10, [10, 11, 12]), length: words(1, [2]) }
    const outcome = outcomeOf(2, [2, 5], [20, 21, 22])
    await run((ops) => ops.commitTokens({ outcome, sequence }))
    expect(await read(sequence.history, sequence.length)).toEqual([[10, 11, 12, 20, 21, 22, 0, 0, 0, 0], [5]])
  })

  test('commitLength counts the accepted rows that were fed; setLength follows the sequence', async () => {
    const outcome = outcomeOf(7, [2, 5, 6], [1, 2, 3, 4])
    const length = words(1)
    const after = async (fed: number) =>
      (await run((ops) => ops.commitLength({ outcome, length, fed }), length))[0]?.[0]
    expect([await after(1), await after(3), await after(6), await after(7), await after(64)]).toEqual([
      8, 9, 10, 11, 11,
    ])
    const sequence = { history: words(4), length: words(1, [40]) }
    expect(await run((ops) => ops.setLength({ sequence, length, offset: 2 }), length)).toEqual([[42]])
  })

  test('compactKv moves the accepted rows of every layer and head, keys and values, below a limit', async () => {
    const [layers, heads, slots, width] = [2, 2, 10, 2]
    const lanes = layers * 2 * heads
    const at = (lane: number, slot: number) => (lane * 100 + slot) * 10
    const values = Array.from(
      { length: lanes * slots * width },
      (_, i) => at(Math.floor(i / (slots * width)), Math.floor(i / width) % slots) + (i % width),
    )
    const cache = floats([layers, 2, heads, slots, width], values)
    // Base 3: rows 2, 3 and 6 lie at slots 5, 6 and 9, and go to 4, 5 and 6.
    const outcome = outcomeOf(3, [2, 3, 6], [1, 1, 1, 1])
    const moved = async (rows: number, from: readonly number[]) => {
      device.backend.write(cache, Float32Array.from(values))
      const [all] = await run((ops) => ops.compactKv({ outcome, cache, rows }), cache)
      for (let lane = 0; lane < lanes; lane++)
        for (let slot = 0; slot < slots; slot++) {
          const first = (lane * slots + slot) * width
          const source = at(lane, from[slot] as number)
          expect(all?.slice(first, first + width)).toEqual([source, source + 1])
        }
    }
    await moved(64, [0, 1, 2, 3, 5, 6, 9, 7, 8, 9])
    await moved(6, [0, 1, 2, 3, 5, 6, 6, 7, 8, 9])
    await moved(1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})
