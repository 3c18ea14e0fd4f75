import { depths, type TokenTree } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, it } from 'vitest'
import { checkAccepted, checkDrafts } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { testGenerations } from '../../../verify/src/generation-tests'
import { testHead } from '../../../verify/src/head-tests'
import { lateHidden } from '../../../verify/src/late-hidden'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { type EagleOptions, eagle } from '../src'

const folder = 'models/stories-5m'
const contexts = await readReference(`${folder}/reference.json`)

async function probing<T>(options: EagleOptions, work: (probe: DraftProbe) => Promise<T>): Promise<T> {
  const backend = referenceBackend()
  const probe = await DraftProbe.open({ backend, model: folder, strategy: eagle(options) })
  try {
    return await work(probe)
  } finally {
    await probe.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  }
}

for (const head of ['eagle3', 'eagle1']) {
  const chain = eagle({ head: `${folder}/${head}`, tokens: 5 })
  testHead({ head, chain, fault: lateHidden(chain), depth: 5 })
}

/** What EAGLE-2 makes of everything that a full static tree of `k` children a node drafted, `levels` levels of it. */
function grown(full: Awaited<ReturnType<DraftProbe['draft']>>, k: number, levels: number, nodes: number): TokenTree {
  interface Candidate {
    readonly node: number
    readonly score: number
    readonly parent: number
  }
  const children = (node: number) =>
    full.tree.parents.flatMap((parent, child) => (parent === node ? [child] : [])).slice(0, k)
  const all: Candidate[] = []
  let frontier: { readonly candidate: number; readonly node: number; readonly score: number }[] = [
    { candidate: -1, node: -1, score: 0 },
  ]
  for (let level = 0; level < levels; level++) {
    const first = all.length
    for (const { candidate, node, score } of frontier)
      children(node).forEach((child, rank) => {
        const logProb = full.steps[node + 1]?.logProbs[rank] as number
        all.push({ node: child, score: Math.fround(score + logProb), parent: candidate })
      })
    frontier = all
      .map(({ node, score }, candidate) => ({ candidate, node, score }))
      .slice(first)
      .sort((a, b) => b.score - a.score)
      .slice(0, k)
  }
  const best = [...all.keys()].sort((a, b) => (all[b]?.score as number) - (all[a]?.score as number)).slice(0, nodes)
  const kept = best.sort((a, b) => a - b)
  return {
    tokens: kept.map((i) => full.tree.tokens[all[i]?.node as number] as number),
    parents: kept.map((i) => kept.indexOf(all[i]?.parent as number)),
  }
}

describe('a dynamic tree', () => {
  const head = `${folder}/eagle3`

  it('is what EAGLE-2 chooses of a full tree: the best of each level expanded, the best of all kept', async () => {
    const [k, levels] = [3, 3]
    const starts = contexts.slice(0, 4).map(({ promptIds, greedyIds }) => [...promptIds, ...greedyIds.slice(0, 7)])
    const full = await probing({ head, branches: [k, k, k] }, (probe) => drafts(probe, starts))
    for (const nodes of [5, 12, 21]) {
      const trees = await probing({ head, tree: { depth: levels, topK: k, nodes } }, (probe) => drafts(probe, starts))
      trees.forEach(({ tree }, i) => {
        expect(tree).toEqual(grown(full[i] as (typeof full)[number], k, levels, nodes))
      })
    }
    // Trees of one size differ from text to text, or they would be no better than static ones.
    const shapes = full.map((each) => `${grown(each, k, levels, 12).parents}`)
    expect(new Set(shapes).size).toBeGreaterThan(1)
  })

  it('respects the budget of a round', async () => {
    const { promptIds, greedyIds } = contexts[1] as ReferenceContext
    await probing({ head, tree: { depth: 4, topK: 3, nodes: 20 } }, async (probe) => {
      await probe.start([...promptIds, greedyIds[0] as number])
      const whole = (await probe.draft({ nodes: 63, depth: 63 })).tree
      expect([whole.tokens.length, Math.max(...depths(whole.parents))]).toEqual([20, 4])
      const small = (await probe.draft({ nodes: 6, depth: 2 })).tree
      expect([small.tokens.length, Math.max(...depths(small.parents))]).toEqual([6, 2])
    })
  })
})

async function drafts(probe: DraftProbe, starts: readonly (readonly number[])[]) {
  const found: Awaited<ReturnType<DraftProbe['draft']>>[] = []
  for (const start of starts) {
    await probe.start(start)
    found.push(await probe.draft({ nodes: 63, depth: 63 }))
  }
  return found
}

const tree = { depth: 4, topK: 4, nodes: 15 }
const [third, first] = [`${folder}/eagle3`, `${folder}/eagle1`]

testGenerations('EAGLE-3', {
  backend: async () => referenceBackend(),
  strategies: [
    eagle({ head: third, name: 'chain', tokens: 4 }),
    eagle({ head: third, name: 'static', branches: [3, 2, 1] }),
    eagle({ head: third, name: 'dynamic', tree }),
  ],
  contexts: 4,
  tokens: 48,
  better: ['chain', 'dynamic'],
})

testGenerations('EAGLE-1, and a list of nodes', {
  backend: async () => referenceBackend(),
  strategies: [
    eagle({ head: first, name: 'chain' }),
    eagle({ head: first, name: 'dynamic', tree }),
    eagle({ head: third, name: 'choices', choices: [[0], [0, 0], [1], [0, 1], [0, 0, 0], [1, 0]] }),
  ],
  contexts: 1,
  tokens: 48,
})

it('is told apart from a head that is fed the wrong layers, which no text shows', async () => {
  const some = contexts.slice(1, 3)
  const faults = async (options: Partial<EagleOptions>) =>
    await probing({ head: `${folder}/eagle3`, tokens: 5, ...options }, async (probe) => ({
      drafts: (await checkDrafts(probe, { head: 'eagle3', contexts: some, ties: 'exact' })).faults.length,
      accepted: (await checkAccepted(probe, { head: 'eagle3', contexts: some, positions: 20 })).faults.length,
    }))
  expect(await faults({})).toEqual({ drafts: 0, accepted: 0 })
  for (const shifted of [{ layerIds: 'leaving' }, { layers: [1, 3, 4] }, { layers: [0, 2, 4] }] as const) {
    const found = await faults(shifted)
    expect(found.drafts).toBeGreaterThan(0)
    expect(found.accepted).toBeGreaterThan(0)
  }
})
