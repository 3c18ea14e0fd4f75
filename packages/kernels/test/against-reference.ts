import { referenceBackend } from '@outrider/core/reference'
import type { Backend } from '@outrider/core/spec'
import { afterAll, beforeAll, expect } from 'vitest'
import { webgpu } from '../src/index.node'
import { error, run, type Work } from './run'

type Results = Awaited<ReturnType<typeof run>>

/** Work on this machine's device and on the reference. */
export interface AgainstReference {
  readonly device: Backend
  readonly reference: Backend
  /** Runs `work` on both and expects equal results. */
  same(work: Work): Promise<Results>
  /** Runs `work` on both and expects results within `limit` (normalised mean squared error), not all of them zero. */
  near(work: Work, limit: number): Promise<void>
}

/** Opens the device for the tests of a file, after which nothing may be left on it. */
export function againstReference(): AgainstReference {
  const reference = referenceBackend()
  let device: Backend | undefined
  const open = (): Backend => {
    if (!device) throw new Error('the device is open while tests run')
    return device
  }
  beforeAll(async () => {
    device = await webgpu()
  })
  afterAll(() => {
    expect(open().stats.liveBytes).toBe(0)
    open().dispose()
  })
  return {
    get device() {
      return open()
    },
    reference,
    async same(work) {
      const found = await run(open(), work)
      expect(found).toEqual(await run(reference, work))
      return found
    },
    async near(work, limit) {
      const [found, expected] = [await run(open(), work), await run(reference, work)]
      for (const [i, out] of found.entries()) expect(error(out, expected[i]!)).toBeLessThanOrEqual(limit)
      expect(expected.some((out) => out.some((value) => value !== 0))).toBe(true)
    },
  }
}
