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
    expect(curve.rows).toEqual([1, 2, 4, 8, 12])
    expect(curve.ms).toHaveLength(5)
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
    expect(rows).toEqual([1, 2, 4, 8, 16, 32, 64])
    expect(ms[6] as number).toBeGreaterThan(5 * (ms[0] as number))
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

  test('is carried on by the row where passes take too long to run them all', async () => {
    const faulty = new FaultyBackend()
    const engine = await engineOn(await writeTinyModel(), { backend: faulty.backend, maxRows: 16 })
    // A submission takes 60 ms, and twice that from the third bucket on.
    let [now, seen] = [0, 0]
    vi.spyOn(performance, 'now').mockImplementation(() => {
      const { submit, program } = faulty.counts
      now += (submit - seen) * (program > 2 ? 120 : 60)
      seen = submit
      return now
    })
    faulty.restart(null)
    seen = 0
    const { rows, ms } = await engine.verifyCost()
    expect(rows).toEqual([1, 2, 4, 8, 16])
    expect(faulty.counts.program).toBe(3)
    expect(ms[2]).toBe(120)
    expect(ms.slice(3)).toEqual([240, 480])
  })

  test('is refused by an engine that is gone', async () => {
    const engine = await engineOn(await writeTinyModel(), { maxRows: 2 })
    await engine.dispose()
    await expect(engine.verifyCost()).rejects.toMatchObject({ code: 'DISPOSED' })
  })
})
