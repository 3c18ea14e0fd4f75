import type { SessionView } from '@outrider/core'
import { expect, test } from 'vitest'
import { tinyEngine } from './support/engines'
import { silent, strategyOf } from './support/strategies'

test('sessions keep the hidden states that their own strategy needs, and pay for no other’s', async () => {
  const seen: SessionView[] = []
  const reading = (name: string) =>
    strategyOf(name, (session) => {
      seen.push(session)
      return { propose: () => null }
    })
  const engine = await tinyEngine(
    {},
    {
      strategies: [
        { ...reading('final'), needs: { finalHidden: true } },
        { ...reading('layers'), needs: { layerInputs: [1, 1, 2] } },
        { ...silent(), name: 'needless' },
      ],
    },
  )
  const { backend } = engine
  const dispatches = async (strategy: string): Promise<number> => {
    const before = backend.stats.dispatches
    await engine.complete([3, 5], { strategy, maxTokens: 4, ignoreEos: true })
    return backend.stats.dispatches - before
  }
  const plain = await dispatches('plain')
  // Four rounds and a prompt's chunk, one copy a state in each.
  expect(await dispatches('final')).toBe(plain + 5)
  expect(await dispatches('layers')).toBe(plain + 10)
  expect(await dispatches('needless')).toBe(plain)
  const [final, layers] = seen
  expect([final?.hidden('final') !== undefined, final?.hidden(1)]).toEqual([true, undefined])
  expect([layers?.hidden('final'), layers?.hidden(1) !== undefined, layers?.hidden(2) !== undefined]).toEqual([
    undefined,
    true,
    true,
  ])
})
