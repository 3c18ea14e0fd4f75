import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { timeBuckets } from './time-buckets'

let now = 0

beforeEach(() => {
  now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})

afterEach(() => {
  vi.restoreAllMocks()
})

const rows = [1, 2, 4, 8, 16, 32, 64]

/** A device on which the first pass of a bucket compiles for `compiling` ms, and passes take `ms`. */
function device(ms: (rows: number, run: number) => number, compiling: number) {
  const runs: number[] = []
  const time = async (each: number) => {
    const took = ms(each, runs.filter((run) => run === each).length) + (runs.includes(each) ? 0 : compiling)
    runs.push(each)
    now += took
    return took
  }
  return { time, runs }
}

describe('with time enough', () => {
  test('a warm device runs every bucket twice, then all again and again; what compiles does not count', async () => {
    const { time, runs } = device((each) => 2 + each / 16, 30)
    const curve = await timeBuckets(rows, time, 800)
    // The first pass takes 32.0625 ms.
    const tookMs = now - 32.0625
    expect(curve).toEqual({ rows, ms: rows.map((each) => 2 + each / 16), measured: rows, tookMs })
    const warm = runs.findIndex((each) => each !== 1)
    // 300 ms by passes of 2.0625.
    expect(warm).toBe(1 + 145)
    const after = runs.slice(warm)
    expect(after.slice(0, 4)).toEqual([4, 4, 16, 16])
    expect(after.slice(12, 26)).toEqual([...rows, ...rows])
    expect(tookMs).toBeLessThanOrEqual(800)
  })

  test('the least of a bucket counts, and no more than that of a larger one', async () => {
    const { time } = device((each, run) => (each === 2 ? 9 : 5) + (run % 3 === 0 ? 400 : 0), 1)
    expect((await timeBuckets([1, 2, 4], time, 100_000)).ms).toEqual([5, 5, 5])
  })

  test('an idle clock does not tell: it has risen before buckets are compared, and what is left of that meets all', async () => {
    // Passes take six times as long in the beginning, and one and a half times after 300 ms.
    const { time } = device((each) => (2 + each / 16) * Math.max(1, 6 - now / 65), 0)
    const { ms } = await timeBuckets(rows, time, 800)
    expect(ms).toEqual(rows.map((each) => 2 + each / 16))
  })
})

describe('with little time', () => {
  test('where compiling is what takes it, buckets that were not run lie between two that were', async () => {
    const { time } = device((each) => 2 + each / 16, 150)
    const { measured, ms, tookMs } = await timeBuckets(rows, time, 800)
    expect(measured).toEqual([1, 4, 16, 64])
    // The others lie on that line.
    expect(ms).toEqual(rows.map((each) => expect.closeTo(2 + each / 16, 9)))
    expect(tookMs).toBeLessThanOrEqual(800 + 50)
  })

  test('passes that were slow beside what compiled are run again at the end, for a sixteenth of it', async () => {
    const { time } = device((each, run) => (2 + each / 16) * (each > 1 && run < 2 ? 4 : 1), 500)
    const { measured, ms, tookMs } = await timeBuckets(rows, time, 800)
    expect(measured).toEqual([1, 4])
    expect(ms.slice(0, 3)).toEqual([2.0625, expect.closeTo(2.125, 9), 2.25])
    expect(tookMs).toBeLessThanOrEqual(300 + 500 + 2 * 9 + 50)
  })

  test('compiling that takes longer than all the time there was is not what a pass takes', async () => {
    const { time, runs } = device((each) => (each === 1 ? 2 : 2 + each / 16), 900)
    const { measured, ms } = await timeBuckets(rows, time, 800)
    expect(measured).toEqual([1, 4])
    expect(ms.slice(0, 4)).toEqual([2, expect.closeTo(2 + 1 / 12, 9), 2.25, expect.closeTo(2.25 + 4 / 12, 9)])
    expect(runs.slice(runs.indexOf(4), runs.indexOf(4) + 3)).toEqual([4, 1, 4])
  })

  test('where a second pass would take long too, it takes no more than as many rows of smaller ones', async () => {
    const { time, runs } = device((each, run) => (each === 1 ? 60 : 70) * (each === 4 && run === 0 ? 12 : 1), 0)
    const { measured, ms } = await timeBuckets(rows, time, 800)
    expect(measured).toEqual([1, 4])
    expect(ms.slice(0, 3)).toEqual([60, 120, 240])
    expect(runs.filter((each) => each === 4)).toHaveLength(1)
  })

  test('beyond the last one a row costs at least an eighth of its pass by rows, so that flat curves do not stay flat', async () => {
    const { time } = device(() => 2, 600)
    const { measured, ms } = await timeBuckets(rows, time, 800)
    expect(measured).toEqual([1, 4])
    expect(ms).toEqual([2, 2, 2, 2.25, 2.75, 3.75, 5.75])
  })

  test('where passes are slow, those beyond the last cost as much a row as that', async () => {
    const { time } = device((each) => 20 * each, 0)
    const { measured, ms, tookMs } = await timeBuckets(rows, time, 800)
    expect(measured).toEqual([1, 2, 4])
    expect(ms).toEqual(rows.map((each) => 20 * each))
    expect(tookMs).toBeLessThanOrEqual(800)
  })

  test('where a pass of one row takes all of it, that is all, and compiling does not count', async () => {
    const { time, runs } = device((each) => 900 * each, 50)
    expect(await timeBuckets(rows, time, 800)).toMatchObject({ ms: rows.map((each) => 900 * each), measured: [1] })
    expect(runs).toEqual([1, 1])
  })

  test.each([1, 7, 40, 333])('costs ascend with the rows, whatever the clock says (%d ms)', async (budget) => {
    let state = budget
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    const { time } = device((each) => (1 + each / 32) * (1 + 4 * random()), 2)
    const { ms } = await timeBuckets(rows, time, budget)
    expect(ms).toEqual(ms.toSorted((a, b) => a - b))
    expect(ms.every((each) => each > 0)).toBe(true)
  })
})
