import { type Backend, Owned } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { MAX_TREE_ROWS, NO_TOKEN } from '@outrider/core/spec'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomNumbers } from '../../core/test/support/strategies'
import { growTree } from '../src/grow-tree'
import { type Growth, grownCandidates } from '../src/grown-candidates'

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

/** What heads chose: ids best first, log-probabilities falling, many of them equal; a head may run out of tokens. */
interface Choices {
  readonly ids: Uint32Array<ArrayBuffer>
  readonly logProbs: Float32Array<ArrayBuffer>
}

function choices(heads: number, k: number, seed: number, left: (head: number) => number): Choices {
  const random = randomNumbers(seed)
  const ids = new Uint32Array(heads * k)
  const logProbs = new Float32Array(heads * k)
  for (let head = 0; head < heads; head++) {
    const first = random(40)
    let value = 0 - random(3) / 4
    for (let rank = 0; rank < k; rank++) {
      const there = rank < left(head)
      ids[head * k + rank] = there ? (first + 7 * rank) % 97 : NO_TOKEN
      logProbs[head * k + rank] = there ? value : Number.NEGATIVE_INFINITY
      value -= random(4) / 8
    }
  }
  return { ids, logProbs }
}

/** Parents and tokens by row, the pending token's first. */
async function grow(
  backend: Backend,
  growth: Growth,
  made: Choices,
  targets: Uint32Array<ArrayBuffer> | null = null,
): Promise<{ readonly parents: readonly number[]; readonly tokens: readonly number[] }> {
  const owned = new Owned()
  const candidates = grownCandidates(growth)
  const of = (data: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>) => {
    const tensor = owned.add(backend.tensor([data.length], data instanceof Uint32Array ? 'u32' : 'f32', 'test'))
    backend.write(tensor, data)
    return tensor
  }
  const tree = { tokens: of(new Uint32Array(MAX_TREE_ROWS)), shape: of(new Uint32Array(MAX_TREE_ROWS)) }
  const program = owned.add(
    backend.program('test', (ops) =>
      growTree(ops, {
        candidates,
        board: of(Uint32Array.from([...candidates.paths, ...candidates.parents])),
        ids: of(made.ids),
        logProbs: of(made.logProbs),
        map: targets && of(targets),
        nodes: growth.nodes,
        tree,
      }),
    ),
  )
  const [tokens, shape] = (await backend.submit([program], [tree.tokens, tree.shape])).map((b) => new Uint32Array(b))
  owned.dispose()
  const rows = shape?.[0] as number
  return {
    parents: [...(shape as Uint32Array).subarray(1, rows)],
    tokens: [...(tokens as Uint32Array).subarray(1, rows)],
  }
}

it.each<Growth>([
  { nodes: 1, depth: 1, topK: 1 },
  { nodes: 7, depth: 3, topK: 7 },
  { nodes: 15, depth: 4, topK: 15 },
  { nodes: 63, depth: 4, topK: 10 },
  { nodes: 63, depth: 2, topK: 32 },
])('$nodes nodes of $depth heads with $topK choices are the best paths, on both backends', async (growth) => {
  const { nodes, depth, topK } = growth
  const { levels, choices: k } = grownCandidates(growth)
  const targets = Uint32Array.from({ length: 97 }, (_, id) => 3 * id + 1)
  for (const seed of [1, 2, 3]) {
    const made = choices(levels, k, seed, () => k)
    const map = seed === 2 ? targets : null
    const [reference, device] = await Promise.all(backends.map((backend) => grow(backend, growth, made, map)))
    expect(device).toEqual(reference)
    expect(device?.parents).toHaveLength(nodes)

    const paths: { ranks: readonly number[]; score: number }[] = []
    let above: typeof paths = [{ ranks: [], score: 0 }]
    for (let level = 0; level < Math.min(depth, levels); level++) {
      above = above.flatMap(({ ranks, score }) =>
        Array.from({ length: Math.min(topK, k) }, (_, rank) => ({
          ranks: [...ranks, rank],
          score: score + (made.logProbs[level * k + rank] as number),
        })),
      )
      paths.push(...above)
    }
    const best = paths.sort((a, b) => b.score - a.score).slice(0, nodes)
    const rows = new Map([['', 0], ...best.map(({ ranks }, i) => [ranks.join(), i + 1] as const)])
    const token = (ranks: readonly number[]) => {
      const id = made.ids[(ranks.length - 1) * k + (ranks.at(-1) as number)] as number
      return map ? (map[id] as number) : id
    }
    expect(device).toEqual({
      parents: best.map(({ ranks }) => rows.get(ranks.slice(0, -1).join())),
      tokens: best.map(({ ranks }) => token(ranks)),
    })
  }
})

it('leaves out what is no token, and what would be below it', async () => {
  const growth = { nodes: 15, depth: 3, topK: 8 }
  for (const [left, rows] of [
    [() => 0, 0],
    [(head: number) => (head === 0 ? 2 : 0), 2],
    [(head: number) => (head === 1 ? 0 : 8), 8],
    [(head: number) => (head === 2 ? 0 : 3), 12],
  ] as const) {
    const { levels, choices: k } = grownCandidates(growth)
    const made = choices(levels, k, 7, left)
    const [reference, device] = await Promise.all(backends.map((backend) => grow(backend, growth, made)))
    expect(device).toEqual(reference)
    expect(device?.parents).toHaveLength(rows)
    expect(device?.tokens).not.toContain(NO_TOKEN)
  }
})
