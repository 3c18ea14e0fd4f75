import { type Backend, type Ops, Owned, placeTokens, type Tensor } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { MAX_TREE_ROWS, NO_TOKEN } from '@outrider/core/spec'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomNumbers } from '../../core/test/support/strategies'
import { Candidates } from '../src/candidates'
import { collectTree } from '../src/collect-tree'
import { growLevel } from '../src/grow-level'

let backends: readonly Backend[]

beforeAll(async () => {
  backends = [referenceBackend(), await webgpu()]
})

afterAll(() => {
  for (const backend of backends) {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  }
})

/** What a level's rows chose: ids best first, log-probabilities falling, many of them equal; a row may run out of tokens. */
interface Choices {
  readonly ids: Uint32Array
  readonly logProbs: Float32Array
}

function choices(rows: number, k: number, seed: number, out: boolean): Choices {
  const random = randomNumbers(seed)
  const ids = new Uint32Array(rows * k)
  const logProbs = new Float32Array(rows * k)
  for (let row = 0; row < rows; row++) {
    const left = out && random(3) === 0 ? random(k) : k
    const first = random(40)
    let value = 0 - random(3) / 4
    for (let j = 0; j < k; j++) {
      ids[row * k + j] = j < left ? (first + 7 * j) % 97 : NO_TOKEN
      logProbs[row * k + j] = j < left ? value : Number.NEGATIVE_INFINITY
      value -= random(3) / 4
    }
  }
  return { ids, logProbs }
}

async function grow(
  backend: Backend,
  levels: readonly Choices[],
  { k, nodes, map }: { k: number; nodes: number; map: Uint32Array<ArrayBuffer> | null },
): Promise<readonly Uint32Array[]> {
  const owned = new Owned()
  const words = (count: number) => owned.add(backend.tensor([count], 'u32', 'test'))
  const c = owned.add(new Candidates(backend, k, levels.length))
  const tree = { tokens: words(MAX_TREE_ROWS), shape: words(MAX_TREE_ROWS) }
  const ids: Tensor | null = map && words(map.length)
  if (ids && map) backend.write(ids, map)
  const run = async (record: (ops: Ops) => void) => {
    await backend.submit([owned.add(backend.program('test', record))])
  }
  for (const [level, chosen] of levels.entries()) {
    backend.write(c.ids, chosen.ids)
    backend.write(c.logProbs, chosen.logProbs)
    await run((ops) => growLevel(ops, c, { level, last: level + 1 === levels.length, map: ids }))
  }
  await run((ops) => collectTree(ops, c, { count: c.before(levels.length), nodes, tree }))
  const read = [c.board, c.scores, c.tree.tokens, c.tree.shape, tree.tokens, tree.shape]
  const found = (await backend.submit([], read)).map((bytes) => new Uint32Array(bytes))
  owned.dispose()
  return found
}

it.each([
  { k: 1, depth: 4, nodes: 3 },
  { k: 3, depth: 1, nodes: 3 },
  { k: 4, depth: 4, nodes: 15 },
  { k: 10, depth: 7, nodes: 59 },
  { k: 32, depth: 3, nodes: 63 },
  { k: 8, depth: 32, nodes: 255 },
])(
  'grows a tree of $k by $depth, $nodes nodes kept, to the same bits on both backends',
  async ({ k, depth, nodes }) => {
    const map = Uint32Array.from({ length: 97 }, (_, row) => 3 * row + 1)
    for (const seed of [1, 2, 3]) {
      const levels = Array.from({ length: depth }, (_, level) =>
        choices(level === 0 ? 1 : k, k, 10 * seed + level, seed === 3 && level > 0),
      )
      const mapped = seed === 2 ? map : null
      const [reference, device] = await Promise.all(
        backends.map((backend) => grow(backend, levels, { k, nodes, map: mapped })),
      )
      expect(device).toEqual(reference)
      const [, , , , tokens, shape] = device as Uint32Array[]
      const rows = shape?.[0] as number
      expect(rows).toBeGreaterThan(1)
      if (seed < 3) expect(rows).toBe(nodes + 1)
      const kept = new Set<string>()
      for (let row = 1; row < rows; row++) {
        expect(shape?.[row]).toBeLessThan(row)
        expect(tokens?.[row]).not.toBe(NO_TOKEN)
        kept.add(`${shape?.[row]}:${tokens?.[row]}`)
      }
      expect(kept.size).toBe(rows - 1)
    }
  },
)

it('leaves an empty tree where there is no token at all', async () => {
  const none: Choices = { ids: new Uint32Array(4).fill(NO_TOKEN), logProbs: new Float32Array(4).fill(-Infinity) }
  const below = { ids: new Uint32Array(16).fill(5), logProbs: new Float32Array(16).fill(-1) }
  for (const backend of backends) {
    const found = await grow(backend, [none, below], { k: 4, nodes: 6, map: null })
    expect(found.at(-1)?.[0]).toBe(1)
  }
})

it('puts choices in their places, through a map or as they are', async () => {
  const results: number[][] = []
  for (const backend of backends)
    for (const mapped of [false, true]) {
      const owned = new Owned()
      const words = (values: readonly number[]) => {
        const tensor = owned.add(backend.tensor([values.length], 'u32', 'test'))
        backend.write(tensor, Uint32Array.from(values))
        return tensor
      }
      const tokens = words([9, 9, 9, 9, 9])
      const map = mapped ? words([50, 40, 30, 20]) : null
      const args = {
        ids: words([2, 0, 3, NO_TOKEN]),
        order: words([7, 3, 0, 2]),
        from: 1,
        map,
        tokens,
        to: 1,
        count: 3,
      }
      const [bytes] = await backend.submit(
        [owned.add(backend.program('test', (ops) => placeTokens(ops, args)))],
        [tokens],
      )
      results.push(Array.from(new Uint32Array(bytes as ArrayBuffer)))
      owned.dispose()
    }
  const expected = [
    [9, NO_TOKEN, 2, 3, 9],
    [9, NO_TOKEN, 30, 20, 9],
  ]
  expect(results).toEqual([...expected, ...expected])
})
