import { createEngine, type Engine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { checkDraftState } from '../../../verify/src/draft-state'
import { alternating, oracle, randomTrees, silent } from '../../core/test/support/strategies'
import { mtp } from '../src'
import { named, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const { folder: model } = await tinyTarget(5)
const modules = await Promise.all([11, 12, 13].map(tinyModule))
const prompt = Array.from({ length: 11 }, (_, i) => (i * 13 + 5) % 61)
const write = (prefix: string) =>
  writeModules(
    modules.flatMap((module, number) =>
      named(stored(module), (name) => `${prefix}.${number}.${name}`).filter(
        ({ name }) => prefix === 'model.layers' || /self_attn|mlp|layernorm/.test(name),
      ),
    ),
  )
const head = await write('model.layers')
const heads = await write('extra_heads')

const plain = await createEngine({ backend: referenceBackend(), model, capacity: 90, selfCheck: false })
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: 70, ignoreEos: true })).ids]
await plain.dispose()

const kinds: readonly [string, Strategy][] = [
  ['one module, a chain', mtp({ head, modules: 1, tokens: 4 })],
  ['one module, a tree', mtp({ head, modules: 1, branches: [2, 2, 1] })],
  ['one module a token', mtp({ head })],
  ['heads on the trunk, a chain', mtp({ head: heads })],
  ['heads on the trunk, a tree', mtp({ head: heads, choices: [[0], [1], [0, 0], [1, 2], [0, 0, 1]] })],
]
const mixes: readonly [string, ((own: Strategy) => Strategy) | undefined, number][] = [
  ['alone', undefined, 64],
  ['then plain rounds', (own) => alternating('mixed', [own, silent()]), 64],
  ['then the right tokens', (own) => alternating('mixed', [own, oracle(text, 3)]), 8],
  [
    'then drafts of others, right and wrong, and none',
    (own) => alternating('mixed', [own, oracle(text, 5), randomTrees(61, 12, 1, text), silent()]),
    16,
  ],
  ['then the largest pass, full', (own) => alternating('mixed', [own, oracle(text, 7)]), 8],
  ['in passes of two rows', (own) => alternating('mixed', [own, oracle(text, 1)]), 2],
]

async function rounds(stepper: ReturnType<Engine['openStepper']>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await stepper.round(20)
  const { tokens } = stepper.sequence
  expect(tokens).toEqual(text.slice(0, tokens.length))
}

describe.each(kinds)('%s: what is drafted after any rounds is what a fresh session drafts', (_, strategy) => {
  test.each(mixes)('%s', async (_, mix, maxRows) => {
    const backend = referenceBackend()
    const { drafted, faults } = await checkDraftState({
      backend,
      model,
      strategy,
      maxRows,
      ...(mix && { mix }),
      run: async (stepper) => {
        await stepper.extend(prompt)
        await rounds(stepper, 14)
      },
    })
    expect(faults).toEqual([])
    expect(drafted.length).toBeGreaterThan(3)
    expect(backend.stats.liveBytes).toBe(0)
  })

  test('also when the session goes back and on with other tokens', async () => {
    const { drafted, faults } = await checkDraftState({
      backend: referenceBackend(),
      model,
      strategy,
      maxRows: 8,
      run: async (stepper) => {
        await stepper.extend(prompt.slice(0, 4))
        for (let i = 0; i < 40; i++) {
          await stepper.round(20)
          stepper.truncate(stepper.sequence.tokens.length - 1 - (i % 4))
          await stepper.extend([(13 * i + 5) % 61, (7 * i + 2) % 61])
        }
      },
    })
    expect(faults).toEqual([])
    expect(drafted.length).toBeGreaterThan(30)
  })

  test('from a prompt of one token', async () => {
    const { drafted, faults } = await checkDraftState({
      backend: referenceBackend(),
      model,
      strategy,
      maxRows: 8,
      run: async (stepper) => {
        await stepper.extend(prompt.slice(0, 1))
        for (let i = 0; i < 6; i++) await stepper.round(20)
      },
    })
    expect(faults).toEqual([])
    expect(drafted.length).toBeGreaterThan(2)
  })
})
