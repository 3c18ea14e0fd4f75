import type { Backend, Program } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { Clock } from './clock'

const program: Program = { label: 'work', dispatches: 1, dispose: () => {} }

/** A backend whose submissions take 2 ms by the host's clock and, a program, 0.25 ms by the device's, where it has one. */
function backend(deviceClock: boolean) {
  const counts: number[] = []
  const fake: Pick<Backend, 'tensor' | 'submit'> = {
    tensor: (shape, dtype, label) => ({ shape, dtype, label, bytes: 4, dispose: () => {} }),
    submit: async (programs, _read, timings) => {
      counts.push(programs.length)
      const until = performance.now() + (programs.length > 0 ? 2 : 0)
      while (performance.now() < until);
      if (deviceClock) timings?.push(...programs.map(() => 0.25))
      return []
    },
  }
  return { backend: fake as Backend, counts }
}

const options = { warmUpMs: 30, samples: 3, enoughMs: 4 }

describe('a clock', () => {
  test("takes the device's time, after a warm-up of as many runs as are long enough", async () => {
    const { backend: device, counts } = backend(true)
    let resets = 0
    const timed = await new Clock(device, options).time(program, () => resets++)
    expect(timed).toEqual({ median: 0.25, low: 0.25, high: 0.25, clock: 'device' })
    expect(counts.at(-1)).toBe(16)
    expect(counts.length).toBeGreaterThan(6)
    expect(resets).toBe(counts.length)
  })

  test('runs a program no oftener at a time than it is told', async () => {
    const { backend: device, counts } = backend(true)
    await new Clock(device, options).time(program, () => {}, 4)
    expect(Math.max(...counts)).toBe(4)
  })

  test("takes the host's time, shared among the runs, where the device has no clock", async () => {
    const { backend: host, counts } = backend(false)
    const { median, clock } = await new Clock(host, options).time(program)
    expect(clock).toBe('host')
    const runs = counts.findLast((count) => count > 0) as number
    expect(median * runs).toBeGreaterThan(1.5)
    expect(median * runs).toBeLessThan(20)
  })

  test('takes submission and read together on request', async () => {
    const { backend: device } = backend(true)
    const word = device.tensor([1], 'u32', 'word')
    expect((await new Clock(device, options).wall(program, word)).median).toBeGreaterThanOrEqual(2)
  })
})
