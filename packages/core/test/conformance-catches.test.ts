import { type AcceptanceRule, type Backend, exact, type Strategy } from '@outrider/core'
import { acceptanceConformance, backendConformance, strategyConformance } from '@outrider/core/conformance'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { brokenStrategies, careful } from './support/broken-strategies'
import { drawing, drawingOnDevice } from './support/drawn-drafts'
import { brokenRules, judging, sound } from './support/host-rules'
import { suite } from './support/suite'

describe('strategies', () => {
  test.each<[string, () => Strategy]>([
    ['have a state of their own', careful],
    ['draw and say from what', () => drawing('drawing')],
    ['draw and do not say it', () => drawing('drawing', { says: false })],
    ['draw on the device', () => drawingOnDevice('drawing')],
  ])('that %s pass', async (_, strategy) => {
    const checks = suite((functions) => strategyConformance(functions, { strategy }))
    expect(Object.fromEntries(await checks.run())).toEqual({})
    expect(checks.names).toHaveLength(20)
  })

  test.each(Object.entries(brokenStrategies))('one that %s is caught', async (_, [strategy, check]) => {
    const checks = suite((functions) => strategyConformance(functions, { strategy }))
    const failed = await checks.run(check)
    expect([...failed.keys()]).toEqual([expect.stringContaining(check)])
    // A fault names its contract, and says what to do.
    expect([...failed.values()].join()).toMatch(/"[a-z]+: .{40}/)
  })

  test('what a strategy says that its drafts depend on waives the checks that ask for less', () => {
    const names = (draftsDependOn: 'tokens' | 'session' | 'engine') =>
      suite((functions) => strategyConformance(functions, { strategy: careful, draftsDependOn })).names.length
    expect([names('tokens'), names('session'), names('engine')]).toEqual([20, 17, 14])
  })
})

describe('rules', () => {
  const failures = (rule: AcceptanceRule, ...only: readonly string[]) =>
    suite((functions) => acceptanceConformance(functions, { rule: () => rule })).run(...only)

  test('that refuse and draw from what is left pass', async () => {
    const found = await failures(judging(sound), 'a path', 'the same seed', 'nothing', 'tokens have')
    expect(Object.fromEntries(found)).toEqual({})
  })

  test.each(Object.entries(brokenRules))('one that %s is caught', async (_, [rule, check]) => {
    expect([...(await failures(rule, check)).values()].join()).toMatch(/"[a-z]+: .{40}/)
  })

  test('one that promises the same tokens and draws its own is caught', async () => {
    const found = await failures({ ...judging(sound), guarantee: 'same-tokens' }, 'ids are')
    expect([...found.keys()]).toEqual(['ids are those of plain decoding above temperature 0'])
  })

  test('one that leaks is caught', async () => {
    if (!('device' in exact)) throw new Error('exact decides on the device')
    const { device } = exact
    const leaking: AcceptanceRule = {
      ...exact,
      device: { start: (backend, rows) => ({ ...device.start(backend, rows), dispose: () => {} }) },
    }
    expect([...(await failures(leaking, 'nothing')).keys()]).toEqual(['nothing is left on the device'])
  })
})

describe('backends', () => {
  const broken = (change: (inner: Backend) => Partial<Backend>) => () => {
    const inner = referenceBackend()
    const around: Backend = {
      info: inner.info,
      lost: inner.lost,
      get stats() {
        return inner.stats
      },
      tensor: (...args) => inner.tensor(...args),
      weight: (...args) => inner.weight(...args),
      write: (...args) => inner.write(...args),
      program: (...args) => inner.program(...args),
      submit: (...args) => inner.submit(...args),
      dispose: () => inner.dispose(),
    }
    return Object.defineProperties(around, Object.getOwnPropertyDescriptors(change(inner))) as Backend
  }

  test.each<[string, (inner: Backend) => Partial<Backend>, string]>([
    ['swallows errors', ({ write }) => ({ write: (...args) => void [write, args] }), 'memory is zeroed'],
    [
      'runs programs backwards',
      (inner) => ({ submit: (programs, ...rest) => inner.submit([...programs].reverse(), ...rest) }),
      'programs run in order',
    ],
    [
      'draws from another seed',
      (inner) => ({
        write: (target, data, at) =>
          inner.write(target, data instanceof Uint32Array && data.length > 8 ? data.map((word) => word + 1) : data, at),
      }),
      'draws are',
    ],
  ])('one that %s is caught', async (_, change, check) => {
    const found = await suite((functions) => backendConformance(functions, { backend: broken(change) })).run(check)
    expect([...found.keys()]).toEqual([expect.stringContaining(check)])
  })
})
