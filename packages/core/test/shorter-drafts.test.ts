import type { Strategy } from '@outrider/core'
import { expect, test } from 'vitest'
import { engineOn } from './support/engines'
import { alternating, strategyOf } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const count = 60
const most = 4

const folder = await writeTinyModel({ seed: 2 })
const plain = await engineOn(folder)
const { ids } = await plain.complete(prompt, { maxTokens: count, ignoreEos: true })
const text = [...prompt, ...ids]

/** Knows the text, and says with each round's program how many of four tokens it has to say: `sizes` in turn. */
function deviceOracle(name: string, sizes: readonly number[], said: number[], levels?: number): Strategy {
  return strategyOf(name, ({ backend, tokens, tree }) => {
    const source = backend.tensor([1 + most], 'u32', 'next')
    const fewer = sizes.some((size) => size < most)
    const program = backend.program('device draft', (ops) =>
      ops.kernel({
        label: 'lay a chain',
        wgsl: '@compute @workgroup_size(1) fn main() {}',
        tensors: [
          { tensor: source, access: 'read' },
          { tensor: tree.tokens, access: 'read_write' },
          { tensor: tree.shape, access: 'read_write' },
        ],
        workgroups: [1],
        reference: ([next, ids, shape]) => {
          ids?.set(next?.subarray(1) as Uint32Array, 1)
          if (fewer) shape?.set((next as Uint32Array).subarray(0, 1))
          if (levels) shape?.set([1 + most, 0, 1, 2, 3])
        },
      }),
    )
    return {
      propose: ({ nodes, depth }) => {
        const size = sizes[said.length % sizes.length] as number
        const next = text.slice(tokens.length, tokens.length + most)
        if (next.length < most || nodes < most || depth < most) return null
        said.push(size)
        backend.write(source, Uint32Array.from([size + 1, ...next]))
        if (levels) return { programs: [program], nodes: most, parents: null, levels }
        return { programs: [program], nodes: most, parents: [-1, 0, 1, 2], fewer }
      },
      dispose: () => {
        source.dispose()
        program.dispose()
      },
    }
  })
}

test('a draft of the device may turn out shorter, or empty, and is counted as it turned out', async () => {
  const said: number[] = []
  const engine = await engineOn(folder, { strategies: [deviceOracle('short', [3, 0, 4, 1], said)] })
  const { ids: found, stats } = await engine.complete(prompt, { strategy: 'short', maxTokens: count, ignoreEos: true })
  expect(found).toEqual(ids)
  const proposed = said.reduce((sum, size) => sum + size, 0)
  expect(stats).toMatchObject({ proposed, evaluated: proposed, accepted: proposed })
  expect(stats.drafts).toBe(said.filter((size) => size > 0).length)
  await engine.dispose()
})

test('a draft of the same form that is never shorter has all its rows after one that was', async () => {
  const short: number[] = []
  const whole: number[] = []
  const turns = alternating('turns', [deviceOracle('short', [1, 0, 2], short), deviceOracle('whole', [most], whole)])
  const engine = await engineOn(folder, { strategies: [turns] })
  const { ids: found, stats } = await engine.complete(prompt, { strategy: 'turns', maxTokens: count, ignoreEos: true })
  expect(found).toEqual(ids)
  const proposed = [...short, ...whole].reduce((sum, size) => sum + size, 0)
  expect(whole.length).toBeGreaterThan(3)
  expect(stats).toMatchObject({ proposed, accepted: proposed })
  await engine.dispose()
})

test.each([
  [most, null],
  [2, 'ACCEPTANCE_FAILED'],
])('a draft of four levels that says %d', async (levels, code) => {
  const engine = await engineOn(folder, { strategies: [deviceOracle('deep', [most], [], levels)] })
  const options = { strategy: 'deep', maxTokens: count, ignoreEos: true }
  if (code === null) expect((await engine.complete(prompt, options)).ids).toEqual(ids)
  else await expect(engine.complete(prompt, options)).rejects.toMatchObject({ code })
  expect((await engine.complete(prompt, { ...options, strategy: 'plain' })).ids).toEqual(ids)
  await engine.dispose()
})
