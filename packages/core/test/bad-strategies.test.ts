import {
  type AcceptanceRule,
  createEngine,
  type DeviceDraft,
  type EngineOptions,
  type HostDraft,
  OutriderError,
  type Strategy,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { engineOn, failure } from './support/engines'
import { proposing, silent, strategyOf } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const folder = await writeTinyModel()

/** The error that loading ends with; nothing may be left on the device. */
async function loading(model: string, options: Partial<EngineOptions> = {}): Promise<OutriderError> {
  const backend = referenceBackend()
  const error = await failure(() => createEngine({ capacity: 100, ...options, backend, model }))
  expect(backend.stats.liveBytes).toBe(0)
  return error
}

describe('strategies', () => {
  test('names are unique, and plain is taken', async () => {
    expect((await loading(folder, { strategies: [silent(), silent()] })).code).toBe('STRATEGY_DUPLICATE')
    expect((await loading(folder, { strategies: [{ ...silent(), name: 'plain' }] })).code).toBe('STRATEGY_DUPLICATE')
  })

  test('another contract version is refused', async () => {
    const future = { ...silent(), specVersion: 2 } as unknown as Strategy
    expect((await loading(folder, { strategies: [future] })).code).toBe('STRATEGY_VERSION')
  })

  test('an error at load passes, with the name where it is not our own, and frees models that were loaded', async () => {
    const cause = new TypeError('head.bin is empty')
    const failing = (error: unknown): Strategy => ({
      ...silent(),
      name: 'failing',
      load: async (host) => {
        await host.loadModel(folder)
        throw error
      },
    })
    let freed = 0
    const before: Strategy = {
      ...silent(),
      load: async () => ({ start: () => ({ propose: () => null }), dispose: () => void freed++ }),
    }
    const error = await loading(folder, { strategies: [before, failing(cause)] })
    expect(error).toMatchObject({ code: 'STRATEGY_FAILED', details: { strategy: 'failing' }, cause })
    expect(error.message).toContain('head.bin is empty')
    expect(freed).toBe(1)
    const own = new OutriderError('UNSUPPORTED_FORMAT', 'mine')
    expect(await loading(folder, { strategies: [failing(own)] })).toBe(own)
    expect((await loading(folder, { strategies: [{ ...silent(), load: () => Promise.reject('text') }] })).code).toBe(
      'STRATEGY_FAILED',
    )
  })

  test('one that fails to let go does not keep the others from it', async () => {
    const backend = referenceBackend()
    const stubborn: Strategy = {
      ...silent(),
      load: async () => ({
        start: () => ({
          propose: () => null,
          dispose: () => {
            throw new Error('held')
          },
        }),
        dispose: () => {
          throw new Error('kept')
        },
      }),
    }
    const engine = await createEngine({ backend, model: folder, capacity: 50, strategies: [stubborn] })
    await expect(engine.complete([3], { strategy: 'silent', maxTokens: 2 })).rejects.toThrow('held')
    await expect(engine.dispose()).rejects.toThrow('kept')
    expect(backend.stats.liveBytes).toBe(0)
  })
})

describe('drafts', () => {
  /** The error of a round whose draft is this; the engine goes on afterwards. */
  async function refused(draft: HostDraft | DeviceDraft, maxTokens = 20): Promise<OutriderError> {
    const engine = await engineOn(folder, {
      maxRows: 8,
      strategies: [strategyOf('bad', () => ({ propose: () => draft }))],
    })
    const { liveBytes } = engine.backend.stats
    const error = await failure(() => engine.complete([3, 4], { strategy: 'bad', maxTokens, ignoreEos: true }))
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    expect(error.message).toContain('bad')
    expect((await engine.complete([3, 4], { maxTokens: 2 })).ids.length).toBeGreaterThan(0)
    return error
  }

  test.each<[string, number[], number[]]>([
    ['TREE_TOO_LARGE', [1, 2, 3, 4, 5, 6, 7, 8], [-1, -1, -1, -1, -1, -1, -1, -1]],
    ['TREE_TOO_LARGE', [1, 2, 3, 4, 5, 6, 7, 8], [-1, 0, 1, 2, 3, 4, 5, 6]],
    ['TREE_MALFORMED', [1, 2], [1, 0]],
    ['TREE_MALFORMED', [1, 2], [1, -1]],
    ['TREE_MALFORMED', [1], [0]],
    ['TREE_MALFORMED', [1], [-2]],
    ['TREE_MALFORMED', [1, 2], [-1, Number.NaN]],
    ['TREE_MALFORMED', [5, 5], [-1, -1]],
    ['TREE_MALFORMED', [61], [-1]],
    ['TREE_MALFORMED', [-1], [-1]],
    ['TREE_MALFORMED', [1.5], [-1]],
    ['TREE_MALFORMED', [1, 2], [-1]],
  ])('%s: tokens %j below %j', async (code, ids, parents) => {
    expect((await refused({ tokens: ids, parents })).code).toBe(code)
  })

  test('deeper than what is left to generate', async () => {
    expect((await refused({ tokens: [1, 2, 3], parents: [-1, 0, 1] }, 3)).code).toBe('TREE_TOO_LARGE')
  })

  test.each<[string, number, number[] | null]>([
    ['TREE_TOO_LARGE', 8, null],
    ['TREE_MALFORMED', -1, null],
    ['TREE_TOO_LARGE', 8, [-1, 0, 1, 2, 3, 4, 5, 6]],
    ['TREE_MALFORMED', 2, [-1]],
    ['TREE_MALFORMED', 2, [1, -1]],
    ['TREE_MALFORMED', 1, [0]],
  ])('%s on the device: %i nodes below %j', async (code, nodes, parents) => {
    expect((await refused({ programs: [], nodes, parents })).code).toBe(code)
  })

  test('errors of a proposer carry its name, wherever they come from', async () => {
    const fail = () => {
      throw new Error('lost my notes')
    }
    const propose = () => null
    const faults: Strategy[] = [
      strategyOf('start', fail),
      strategyOf('propose', () => ({ propose: async () => fail() })),
      strategyOf('follow', () => ({ propose, follow: fail })),
      strategyOf('observe', () => ({ propose, observe: async () => fail() })),
      strategyOf('truncate', () => ({ propose, truncate: fail })),
      strategyOf('truncate beyond', () => ({ propose, truncate: (length) => length + 1 })),
      strategyOf('truncate below', () => ({ propose, truncate: () => -1 })),
    ]
    const engine = await engineOn(folder, { strategies: faults })
    const { liveBytes } = engine.backend.stats
    for (const { name } of faults) {
      const error = await failure(() => engine.complete([3, 4], { strategy: name, maxTokens: 3 }))
      expect(error).toMatchObject({ code: 'STRATEGY_FAILED', details: { strategy: name } })
      if (!name.startsWith('truncate ')) expect(error.message).toContain('lost my notes')
      expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    }
  })
})

describe('acceptance rules on the host', () => {
  const rule = (decide: () => { path: readonly number[]; next: number }, name = 'odd'): AcceptanceRule => ({
    specVersion: 1,
    name,
    guarantee: 'lossy',
    host: { decide },
  })
  const tree = proposing('tree', () => ({ tokens: [1, 2, 3], parents: [-1, 0, -1] }))

  test.each<[string, number[], number]>([
    ['no child of the pending token', [1], 3],
    ['no child of the node before', [0, 2], 3],
    ['no node', [3], 3],
    ['no node', [-1], 3],
    ['no token', [], 61],
    ['no token', [0], 2.5],
  ])('%s: path %j, then %d', async (_, path, next) => {
    const engine = await engineOn(folder, { strategies: [tree] })
    const { liveBytes } = engine.backend.stats
    const acceptance = rule(() => ({ path, next }))
    const error = await failure(() => engine.complete([3], { strategy: 'tree', acceptance, maxTokens: 9 }))
    expect(error).toMatchObject({ code: 'ACCEPTANCE_FAILED', details: { rule: 'odd' } })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test('what it accepts is kept', async () => {
    const engine = await engineOn(folder, { strategies: [tree] })
    const acceptance = rule(() => ({ path: [0, 1], next: 9 }))
    const { ids } = await engine.complete([3], { strategy: 'tree', acceptance, maxTokens: 6, ignoreEos: true })
    expect(ids).toEqual([1, 2, 9, 1, 2, 9])
  })

  test('its own error carries its name; no token is a broken model; another version is refused', async () => {
    const engine = await engineOn(folder)
    const run = (acceptance: AcceptanceRule) => failure(() => engine.complete([3], { acceptance }))
    const throwing = rule(() => {
      throw new Error('cannot decide')
    })
    expect(await run(throwing)).toMatchObject({ code: 'ACCEPTANCE_FAILED', message: expect.stringContaining('decide') })
    expect((await run(rule(() => ({ path: [], next: -1 })))).code).toBe('LOGITS_NOT_FINITE')
    const future = { ...rule(() => ({ path: [], next: 1 })), specVersion: 2 } as unknown as AcceptanceRule
    expect((await run(future)).code).toBe('STRATEGY_VERSION')
  })
})
