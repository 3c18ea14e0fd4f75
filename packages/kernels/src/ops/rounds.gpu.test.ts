import { referenceBackend } from '@outrider/core/reference'
import { type Backend, INDEX, MAX_TREE_ROWS, NO_TOKEN, type Ops, OUTCOME, type Tensor } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomRows } from '../../test/rows'
import { type Fill, run, type Work } from '../../test/run'
import { chain, indexOf, type Parents, pathOf, randomTree, shapeOf } from '../../test/trees'
import { random } from '../../test/weight-source'
import { webgpu } from '../index.node'

const u32 = (data: ArrayLike<number>, length: number = data.length): Fill => {
  const words = new Uint32Array(length)
  words.set(data)
  return { shape: [length], dtype: 'u32', data: words }
}

/** An outcome that accepted the rows `path` (row 0 first) at a committed length. */
function outcomeOf(
  length: number,
  path: readonly number[],
  tokens: readonly number[] = path.map((row) => 100 + row),
): Fill {
  const words = new Uint32Array(OUTCOME.words)
  words[OUTCOME.accepted] = path.length - 1
  words[OUTCOME.length] = length
  words.set(path, OUTCOME.path)
  words.set(tokens, OUTCOME.tokens)
  return u32(words)
}

const trees: readonly (readonly [string, Parents])[] = [
  ['the root alone', chain(1)],
  ['a chain of 2', chain(2)],
  ['a chain of 64', chain(64)],
  ['17 interleaved rows', randomTree(17, 1)],
  ['64 interleaved rows', randomTree(64, 2)],
  ['256 rows', randomTree(256, 3)],
]

describe('the ops of a round', () => {
  let backend: Backend
  const reference = referenceBackend()
  beforeAll(async () => {
    backend = await webgpu()
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  const same = async (work: Work): Promise<(Float32Array | Uint32Array | Uint16Array)[]> => {
    const found = await run(backend, work)
    expect(found).toEqual(await run(reference, work))
    return found
  }

  test.each(trees)('treeIndex: %s', async (_, parents) => {
    const history = Uint32Array.from({ length: 40 }, (_, i) => 1000 + i)
    const [tokens, index] = await same({
      tensors: {
        tokens: u32([5, 6, 7], MAX_TREE_ROWS),
        shape: u32(shapeOf(parents)),
        history: u32(history),
        length: u32([37]),
        index: u32([], INDEX.words),
      },
      read: ['tokens', 'index'],
      record: (ops, t) =>
        ops.treeIndex({
          tree: { tokens: t('tokens'), shape: t('shape') },
          sequence: { history: t('history'), length: t('length') },
          index: t('index'),
        }),
    })
    expect(tokens![0]).toBe(1037)
    expect(index).toEqual(indexOf(37, parents))
  })

  test.each([
    ['several rows', 10, 15, 0, 8, 5, 0],
    ['the limit', 10, 90, 0, 64, 64, 0],
    ['an offset forward', 10, 10, 1, 8, 1, 0],
    ['an offset backward', 10, 15, -2, 8, 3, 0],
    ['nothing', 10, 10, 0, 8, 0, 0],
    ['an end before the start', 10, 4, -9, 8, 0, 0],
    ['the token after each position', 10, 15, 0, 8, 5, 1],
  ])('spanIndex: %s', async (_, from, to, toOffset, rows, count, tokenOffset) => {
    const [tokens, index] = await same({
      tensors: {
        history: u32(Uint32Array.from({ length: 100 }, (_, i) => 1000 + i)),
        length: u32([50]),
        start: u32([from]),
        end: u32([to]),
        tokens: u32([], MAX_TREE_ROWS),
        index: u32([], INDEX.words),
      },
      read: ['tokens', 'index'],
      record: (ops, t) =>
        ops.spanIndex({
          sequence: { history: t('history'), length: t('length') },
          from: t('start'),
          to: t('end'),
          toOffset,
          rows,
          tokenOffset,
          tokens: t('tokens'),
          index: t('index'),
        }),
    })
    if (count > 0) expect(tokens![0]).toBe(1000 + from + tokenOffset)
    expect(index!.slice(0, 2)).toEqual(Uint32Array.of(from, count))
    expect(index!.slice(INDEX.paths)).toEqual(indexOf(from, chain(count)).slice(INDEX.paths))
  })

  /** Tokens and choices where a row is right with the given chance. */
  function draft(parents: Parents, seed: number, chance: number): { tokens: Uint32Array; choices: Uint32Array } {
    const next = random(seed)
    const choices = Uint32Array.from(parents, () => Math.floor(next() * 50000))
    const tokens = Uint32Array.from(parents, (parent) =>
      next() < chance ? choices[parent]! : 60000 + Math.floor(next() * 9),
    )
    return { tokens, choices }
  }

  test.each(trees.flatMap(([name, parents]) => [0, 0.5, 0.9, 1].map((chance) => ({ name, parents, chance }))))(
    'walkTree: $name, a token in $chance right',
    async ({ parents, chance }) => {
      const { tokens, choices } = draft(parents, 4, chance)
      const [outcome] = await same({
        tensors: {
          tokens: u32(tokens, MAX_TREE_ROWS),
          index: u32(indexOf(70, parents)),
          choices: u32(choices),
          outcome: u32([], OUTCOME.words),
        },
        read: ['outcome'],
        record: (ops, t) =>
          ops.walkTree({
            pass: { rows: parents.length, first: 0, tokens: t('tokens'), index: t('index') },
            choices: t('choices'),
            outcome: t('outcome'),
          }),
      })
      const deepest = Math.max(...parents.map((_, row) => pathOf(parents, row).length - 1))
      if (chance === 0) expect(outcome![OUTCOME.accepted]).toBe(0)
      if (chance === 1) expect(outcome![OUTCOME.accepted]).toBe(deepest)
    },
  )

  test('walkTree: NO_TOKEN ends a path, or is accepted where it was drafted, and is carried to the outcome', async () => {
    for (const [tokens, path, chosen] of [
      [
        [9, 1, 2],
        [0, 1],
        [1, NO_TOKEN],
      ],
      [
        [9, 1, NO_TOKEN],
        [0, 1, 2],
        [1, NO_TOKEN, 4],
      ],
    ] as const) {
      const [outcome, history] = await same({
        tensors: {
          tokens: u32(tokens, MAX_TREE_ROWS),
          index: u32(indexOf(8, chain(3))),
          choices: u32([1, NO_TOKEN, 4]),
          outcome: u32([], OUTCOME.words),
          history: u32([], 20),
          length: u32([8]),
        },
        read: ['outcome', 'history'],
        record: (ops, t) => {
          const pass = { rows: 3, first: 0, tokens: t('tokens'), index: t('index') }
          ops.walkTree({ pass, choices: t('choices'), outcome: t('outcome') })
          ops.commitTokens({ outcome: t('outcome'), sequence: { history: t('history'), length: t('length') } })
        },
      })
      expect([...outcome!.slice(OUTCOME.path, OUTCOME.path + path.length)]).toEqual(path)
      expect([...outcome!.slice(OUTCOME.tokens, OUTCOME.tokens + path.length)]).toEqual(chosen)
      expect([...history!.slice(9, 9 + path.length)]).toEqual(chosen)
    }
  })

  test('walkTree: of equally deep accepted rows the lowest, and padding never', async () => {
    const [outcome] = await same({
      tensors: {
        tokens: u32([9, 1, 1, 2, 2, 3], MAX_TREE_ROWS),
        index: u32(indexOf(8, [0, 0, 0, 2, 1])),
        choices: u32([1, 2, 2, 3, 3, 3, 3, 3]),
        outcome: u32([], OUTCOME.words),
      },
      read: ['outcome'],
      record: (ops, t) =>
        ops.walkTree({
          pass: { rows: 8, first: 0, tokens: t('tokens'), index: t('index') },
          choices: t('choices'),
          outcome: t('outcome'),
        }),
    })
    expect([...outcome!.slice(OUTCOME.path, OUTCOME.path + 3)]).toEqual([0, 2, 3])
  })

  test.each([[[0]], [[0, 3]], [[0, 1, 4, 9]], [Array.from({ length: 64 }, (_, i) => i)]])(
    'commitTokens, commitLength and setLength: rows %j',
    async (path) => {
      const [history, length, ahead] = await same({
        tensors: {
          outcome: outcomeOf(20, path),
          history: u32([1, 2, 3], 100),
          length: u32([20]),
          other: u32([7]),
          moved: u32([7]),
          ahead: u32([40]),
        },
        read: ['history', 'length', 'ahead', 'other', 'moved'],
        record: (ops, t) => {
          const sequence = { history: t('history'), length: t('length') }
          ops.commitTokens({ outcome: t('outcome'), sequence })
          ops.commitLength({ outcome: t('outcome'), length: t('other'), fed: 4 })
          ops.setLength({ sequence, length: t('moved'), offset: -3 })
          ops.setLength({ sequence: { ...sequence, length: t('ahead') }, length: t('ahead'), offset: 2 })
        },
      })
      expect(ahead![0]).toBe(42)
      expect(length![0]).toBe(20 + path.length)
      expect(history!.slice(21, 21 + path.length)).toEqual(Uint32Array.from(path, (row) => 100 + row))
    },
  )

  test.each([
    ['f16', [3, 2, 3, 40, 64], [0, 2, 3, 7, 15], 64],
    ['f16', [1, 2, 2, 90, 34], [0, 1, 5, 6], 64],
    ['f32', [2, 2, 1, 40, 80], [0, 4, 6, 7, 12], 7],
    ['f32', [1, 2, 2, 40, 34], [0, 1, 2, 3], 64],
    ['f32', [1, 2, 1, 40, 32], [0], 64],
    ['f32', [1, 2, 2, 22, 32], [0, 2, 3, 5], 64],
    ['f16', [1, 2, 1, 90, 32], [0, ...Array.from({ length: 30 }, (_, i) => 2 * i + 3)], 64],
  ] satisfies readonly (readonly ['f16' | 'f32', readonly number[], readonly number[], number])[])(
    'compactKv: %s %j, rows %j below %i',
    async (dtype, shape, path, rows) => {
      const size = shape.reduce((a, b) => a * b, 1)
      const next = random(size)
      const data =
        dtype === 'f16'
          ? Uint16Array.from({ length: size }, () => Math.floor(next() * 0x7c00))
          : Float32Array.from({ length: size }, next)
      const base = 19
      const [moved] = await same({
        tensors: { cache: { shape, dtype, data }, outcome: outcomeOf(base, path) },
        read: ['cache'],
        record: (ops, t) => ops.compactKv({ outcome: t('outcome'), cache: t('cache'), rows }),
      })
      const [slots, headDim] = shape.slice(3) as [number, number]
      const lane = (values: ArrayLike<number> & { slice(from: number, to: number): object }, slot: number) =>
        values.slice((slots + slot) * headDim, (slots + slot + 1) * headDim)
      for (const [j, row] of path.filter((row) => row < rows && base + row < slots).entries())
        expect(lane(moved!, base + j)).toEqual(lane(data, base + row))
    },
  )

  test('a round on the device: after commit and compaction, attention gives what an orderly cache gives', async () => {
    const [heads, kvHeads, headDim, slots] = [4, 2, 64, 160] as const
    const base = 62 // the accepted path crosses the edge of a tile
    const parents = [0, 0, 0, 1, 2, 3, 4, 6, 5, 7] // accepted: 0, 2, 4, 6, 7
    const path = [0, 2, 4, 6, 7]
    const choices = parents.map((_, row) => 500 + row)
    const tokens = parents.map((parent, row) => (path.includes(row) ? 500 + parent : 900 + row))
    const cache = Uint16Array.from(
      { length: 2 * kvHeads * slots * headDim },
      (_, i) => 0x3000 + ((i * 2654435761) % 2048),
    )
    const orderly = cache.slice()
    for (let head = 0; head < 2 * kvHeads; head++)
      for (const [j, row] of path.entries())
        for (let d = 0; d < headDim; d++)
          orderly[(head * slots + base + j) * headDim + d] = cache[(head * slots + base + row) * headDim + d]!
    const q = randomRows(1, heads * headDim, 8)
    const attention: Work['tensors'] = {
      tokens: u32(tokens, MAX_TREE_ROWS),
      q: { shape: [1, heads * headDim], data: q },
      out: { shape: [1, heads * headDim] },
    }
    const attend = (ops: Ops, t: (name: string) => Tensor) =>
      ops.treeAttention({
        q: t('q'),
        cache: { tensor: t('cache'), layer: 0 },
        heads,
        kvHeads,
        headDim,
        pass: { rows: 1, first: 0, tokens: t('tokens'), index: t('index') },
        out: t('out'),
      })
    const shape = [1, 2, kvHeads, slots, headDim]
    const [expected] = await run(backend, {
      tensors: { ...attention, index: u32(indexOf(base + 5, chain(1))), cache: { shape, dtype: 'f16', data: orderly } },
      read: ['out'],
      record: attend,
    })
    const [found, history, length] = await run(backend, {
      tensors: {
        ...attention,
        cache: { shape, dtype: 'f16', data: cache },
        shape: u32(shapeOf(parents)),
        next: u32(shapeOf(chain(1))),
        history: u32([], slots),
        length: u32([base]),
        choices: u32(choices),
        outcome: u32([], OUTCOME.words),
        index: u32([], INDEX.words),
      },
      read: ['out', 'history', 'length'],
      record: (ops, t) => {
        const sequence = { history: t('history'), length: t('length') }
        const pass = { rows: parents.length, first: 0, tokens: t('tokens'), index: t('index') }
        ops.treeIndex({ tree: { tokens: t('tokens'), shape: t('shape') }, sequence, index: t('index') })
        ops.walkTree({ pass, choices: t('choices'), outcome: t('outcome') })
        ops.compactKv({ outcome: t('outcome'), cache: t('cache'), rows: parents.length })
        ops.commitTokens({ outcome: t('outcome'), sequence })
        ops.treeIndex({ tree: { tokens: t('tokens'), shape: t('next') }, sequence, index: t('index') })
        attend(ops, t)
      },
    })
    expect(length![0]).toBe(base + 5)
    expect([...history!.slice(base + 1, base + 6)]).toEqual([500, 502, 504, 506, 507])
    expect(new Uint32Array(found!.buffer)).toEqual(new Uint32Array(expected!.buffer))
    expect(found!.every((value) => value !== 0 && Number.isFinite(value))).toBe(true)
  })

  test('shapes that do not fit are refused', async () => {
    const refused = (record: Work['record']) =>
      expect(
        run(backend, { tensors: { few: u32([0]), odd: { shape: [1, 2, 1, 4, 33] } }, read: [], record }),
      ).rejects.toMatchObject({
        code: 'SHAPE_MISMATCH',
      })
    await refused((ops, t) => ops.commitLength({ outcome: t('few'), length: t('few'), fed: 1 }))
    await refused((ops, t) => ops.compactKv({ outcome: t('few'), cache: t('odd'), rows: 1 }))
    await refused((ops, t) => ops.compactKv({ outcome: t('few'), cache: t('few'), rows: 1 }))
    await refused((ops, t) =>
      ops.treeIndex({
        tree: { tokens: t('few'), shape: t('few') },
        sequence: { history: t('few'), length: t('few') },
        index: t('few'),
      }),
    )
  })
})
