import { afterEach, describe, expect, test, vi } from 'vitest'
import { engineOn } from '../../test/support/engines'
import { FaultyBackend } from '../../test/support/faulty-backend'
import { writeTinyModel } from '../../test/support/tiny-model'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what verifying costs', () => {
  test('is measured for every bucket, once, and leaves nothing on the device', async () => {
    const faulty = new FaultyBackend()
    const { backend } = faulty
    const engine = await engineOn(await writeTinyModel(), { backend, maxRows: 12 })
    const { liveBytes } = backend.stats
    const programs = faulty.livePrograms
    faulty.restart(null)
    const [curve, same] = await Promise.all([engine.verifyCost(), engine.verifyCost()])
    expect(curve.rows).toEqual([1, 2, 4, 6, 8, 12])
    expect(curve.ms).toHaveLength(6)
    expect(curve.ms.every((ms) => ms > 0)).toBe(true)
    expect(backend.stats.liveBytes).toBe(liveBytes)
    expect(faulty.livePrograms).toBe(programs)
    const { submit } = faulty.counts
    expect(submit).toBeGreaterThanOrEqual(15)
    expect(same).toBe(curve)
    expect(await engine.verifyCost()).toBe(curve)
    expect(faulty.counts.submit).toBe(submit)
  })

  test('grows with the rows in plain loops', async () => {
    const engine = await engineOn(await writeTinyModel(), { maxRows: 64 })
    const { rows, ms } = await engine.verifyCost()
    expect(rows).toEqual([1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64])
    expect(ms.at(-1) as number).toBeGreaterThan(5 * (ms[0] as number))
  })

  test('leaves nothing behind where the device fails, and can be asked for again', async () => {
    const faulty = new FaultyBackend()
    const engine = await engineOn(await writeTinyModel(), { backend: faulty.backend, maxRows: 4 })
    const { liveBytes } = faulty.backend.stats
    const programs = faulty.livePrograms
    for (const call of ['tensor', 'program', 'write', 'submit', 'read'] as const) {
      faulty.restart({ call, at: 2 })
      await expect(engine.verifyCost()).rejects.toBe(faulty.error)
      expect(faulty.backend.stats.liveBytes).toBe(liveBytes)
      expect(faulty.livePrograms).toBe(programs)
    }
    faulty.restart(null)
    expect((await engine.verifyCost()).rows).toEqual([1, 2, 4])
  })

  test('is told once it was measured, at load where that is asked for', async () => {
    const target = await writeTinyModel()
    const later = await engineOn(target, { maxRows: 4 })
    expect(later.cost).toBeNull()
    const curve = await later.verifyCost()
    expect(later.cost).toBe(curve)
    expect(curve.measured).toEqual([1, 2, 4])
    expect(curve.tookMs).toBeLessThan(1000)
    const engine = await engineOn(target, { maxRows: 4, measureCost: true })
    expect(engine.cost).toMatchObject({ rows: [1, 2, 4], measured: [1, 2, 4] })
    expect(await engine.verifyCost()).toBe(engine.cost)
  })

  test('is measured between the rounds of a generation, which does not notice, also for a strategy that is added', async () => {
    const engine = await engineOn(await writeTinyModel(), { maxRows: 8 })
    const options = { maxTokens: 30, ignoreEos: true }
    const { ids } = await engine.complete([5, 9, 11], options)
    const found: number[] = []
    for await (const { tokens, finish } of engine.generate([5, 9, 11], options)) {
      found.push(...tokens.map(({ id }) => id))
      if (found.length === 4) expect((await engine.verifyCost()).rows).toEqual([1, 2, 4, 6, 8])
      if (found.length === 8)
        await engine.addStrategy({
          specVersion: 1,
          name: 'curious',
          load: async (host) => {
            expect(await host.verifyCost({ budgetMs: 900 })).toBe(engine.cost)
            return { start: () => ({ propose: () => null }) }
          },
        })
      if (finish) expect(finish.stats.submits).toBeGreaterThanOrEqual(30)
    }
    expect(found).toEqual(ids)
    expect.assertions(4)
  })

  test('leaves out what there is no time for, and measures it when more is given', async () => {
    const faulty = new FaultyBackend()
    const engine = await engineOn(await writeTinyModel(), { backend: faulty.backend, maxRows: 16 })
    vi.spyOn(performance, 'now').mockImplementation(() => 60 * faulty.counts.submit)
    faulty.restart(null)
    const short = await engine.verifyCost({ budgetMs: 680 })
    expect(short).toMatchObject({ rows: [1, 2, 4, 6, 8, 12, 16], measured: [1, 2] })
    expect(short.tookMs).toBeLessThanOrEqual(680)
    expect(await engine.verifyCost({ budgetMs: 600 })).toBe(short)
    const long = await engine.verifyCost({ budgetMs: 60_000 })
    expect(long.measured).toEqual(long.rows)
    expect(engine.cost).toBe(long)
    expect(await engine.verifyCost({ budgetMs: 90_000 })).toBe(long)
  })

  test.each([0, -1, Number.NaN])('is refused %d ms', async (budgetMs) => {
    const engine = await engineOn(await writeTinyModel(), { maxRows: 2 })
    await expect(engine.verifyCost({ budgetMs })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('is refused by an engine that is gone', async () => {
    const engine = await engineOn(await writeTinyModel(), { maxRows: 2 })
    await engine.dispose()
    await expect(engine.verifyCost()).rejects.toMatchObject({ code: 'DISPOSED' })
  })
})
