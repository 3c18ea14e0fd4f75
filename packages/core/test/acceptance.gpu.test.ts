import type { Backend } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LaneShape, rejectionLanes, sampledLanes } from './support/judged-lanes'
import { type LaneJudge, laneFault, type Pair, pairs, type Shape, treeOf } from './support/monte-carlo'

const draws = 100_000
let device: Backend

beforeAll(async () => {
  device = await webgpu()
})

afterAll(() => {
  expect(device.stats.liveBytes).toBe(0)
  device.dispose()
})

/** What is wrong with a rule's draws on the device. */
async function faultOf(rule: typeof rejectionLanes, lanes: number, laws: Pair, shape: Shape): Promise<string | null> {
  const judge = rule(device, { lanes, parents: treeOf(shape), vocab: 5 })
  try {
    return await laneFault(judge, laws, shape, draws)
  } finally {
    judge.dispose()
  }
}

test.each(Object.entries(pairs))('the kernels of rejection draw from the target, %s', async (_, laws) => {
  for (const says of [true, false])
    expect(await faultOf(rejectionLanes, 20_000, laws, { siblings: [3, 2], says })).toBeNull()
})

test('a q that is not what was drawn from is found out', async () => {
  const lying = (backend: Backend, shape: LaneShape): LaneJudge => {
    const { judge, ...lanes } = rejectionLanes(backend, shape)
    const flat = { q: [new Float32Array(shape.vocab).fill(1 / shape.vocab)] }
    return { ...lanes, judge: (round) => judge({ ...round, trees: round.trees.map((tree) => ({ ...tree, ...flat })) }) }
  }
  const laws = pairs['a peaked draft'] as Pair
  expect(await faultOf(lying, 20_000, laws, { siblings: [3, 2], says: true })).toMatch(/off by|chi-square/)
})

test.each(Object.entries(pairs))('the kernels of exact draw from the target, %s', async (_, laws) => {
  expect(await faultOf(sampledLanes, 126, laws, { siblings: [1], says: false })).toBeNull()
})
