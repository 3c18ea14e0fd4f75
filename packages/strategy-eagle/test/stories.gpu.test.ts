import { type Backend, createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSameTokens } from '../../../verify/src/checks'
import { checkAccepted, checkDrafts } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { eagle } from '../src'

const model = 'models/stories-5m'
let contexts: readonly ReferenceContext[]
let backend: Backend

beforeAll(async () => {
  contexts = await readReference(`${model}/reference.json`)
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

describe.each(['eagle3', 'eagle1'])('%s of stories-5m on WebGPU', (head) => {
  let probe: DraftProbe

  beforeAll(async () => {
    probe = await DraftProbe.open({ backend, model, strategy: eagle({ head: `${model}/${head}`, tokens: 5 }) })
  })

  afterAll(() => probe.dispose())

  it('drafts the steps of the reference outputs, up to near ties', async () => {
    const { faults } = await checkDrafts(probe, { head, contexts, ties: 'near ties may differ' })
    expect(faults).toEqual([])
  })

  it('is right as often as the reference outputs say, 2 % of the positions apart', async () => {
    const some = contexts.slice(1, 4)
    const { faults } = await checkAccepted(probe, { head, contexts: some, positions: 40, share: 0.02 })
    expect(faults).toEqual([])
  })
})

it('gives the tokens of plain decoding, chains and trees, in one submission and one read a round', async () => {
  const head = `${model}/eagle3`
  const strategies = [
    eagle({ head, name: 'chain' }),
    eagle({ head, name: 'static', branches: [3, 2, 1] }),
    eagle({ head, name: 'dynamic', tree: { depth: 4, topK: 4, nodes: 15 } }),
    eagle({ head: `${model}/eagle1`, name: 'first dynamic', tree: { depth: 3, topK: 3, nodes: 7 } }),
  ]
  const engine = await createEngine({ backend, model, capacity: 128, strategies, selfCheck: false })
  const prompts = contexts.slice(0, 2).map(({ promptIds }) => promptIds)
  expect((await checkSameTokens(engine, prompts, engine.strategies.slice(1), 32)).faults).toEqual([])
  for (const strategy of engine.strategies) {
    const { stats } = await engine.complete([0, 1, 2], { strategy, maxTokens: 8, ignoreEos: true })
    const { submits, reads, rounds } = stats
    expect({ strategy, submits, reads }).toEqual({ strategy, submits: rounds + 1, reads: rounds })
  }
  await engine.dispose()
})

it('grows the same dynamic trees as the reference backend', async () => {
  const strategy = eagle({ head: `${model}/eagle3`, tree: { depth: 4, topK: 6, nodes: 20 } })
  const trees = []
  for (const on of [referenceBackend(), backend]) {
    const probe = await DraftProbe.open({ backend: on, model, strategy })
    const found = []
    for (const { promptIds, greedyIds } of contexts.slice(0, 4)) {
      await probe.start([...promptIds, ...greedyIds.slice(0, 5)])
      found.push((await probe.draft({ nodes: 63, depth: 63 })).tree)
    }
    trees.push(found)
    await probe.dispose()
  }
  const [reference = [], webgpuTrees = []] = trees
  // Where two scores are close, f16 caches may keep another node: all but a few are the same.
  reference.forEach((tree, i) => {
    const nodes = new Set(pathsOf(tree))
    const shared = pathsOf(webgpuTrees[i] as typeof tree).filter((path) => nodes.has(path)).length
    expect(shared).toBeGreaterThanOrEqual(18)
  })
})

/** Each node as the tokens on its path. */
function pathsOf({ tokens, parents }: { tokens: readonly number[]; parents: readonly number[] }): readonly string[] {
  const paths: string[] = []
  tokens.forEach((token, i) => {
    paths.push(`${paths[parents[i] as number] ?? ''},${token}`)
  })
  return paths
}
