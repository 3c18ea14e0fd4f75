import { adaptive } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { expect, it } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { testGenerations } from '../../../verify/src/generation-tests'
import { testHeadOnDevice } from '../../../verify/src/head-tests'
import { readReference } from '../../../verify/src/reference'
import { eagle } from '../src'

const model = 'models/stories-5m'
const [third, first] = [`${model}/eagle3`, `${model}/eagle1`]

testHeadOnDevice({ head: 'eagle3', chain: eagle({ head: third, tokens: 5 }) }, webgpu)
testHeadOnDevice({ head: 'eagle1', chain: eagle({ head: first, tokens: 5 }) }, webgpu)

testGenerations('eagle on WebGPU', {
  backend: webgpu,
  strategies: [
    eagle({ head: third, name: 'chain' }),
    eagle({ head: third, name: 'static', branches: [3, 2, 1] }),
    eagle({ head: third, name: 'dynamic', tree: { depth: 4, topK: 4, nodes: 15 } }),
    eagle({ head: first, name: 'first dynamic', tree: { depth: 3, topK: 3, nodes: 7 } }),
    { ...adaptive(eagle({ head: third }), { cost: { rows: [1, 8, 64], ms: [1, 1.1, 1.4] } }), name: 'measured' },
  ],
  contexts: 1,
  tokens: 32,
})

it('grows the same dynamic trees as the reference backend', async () => {
  const contexts = await readReference(`${model}/reference.json`)
  const strategy = eagle({ head: third, tree: { depth: 4, topK: 6, nodes: 20 } })
  const trees = []
  for (const on of [referenceBackend(), await webgpu()]) {
    const probe = await DraftProbe.open({ backend: on, model, strategy })
    const found = []
    for (const { promptIds, greedyIds } of contexts.slice(0, 4)) {
      await probe.start([...promptIds, ...greedyIds.slice(0, 5)])
      found.push((await probe.draft({ nodes: 63, depth: 63 })).tree)
    }
    trees.push(found)
    await probe.dispose()
    expect(on.stats.liveBytes).toBe(0)
    on.dispose()
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
