import { usage } from './memory'
import type { Source } from './staging'

/** Programs of one submission that can be timed: 2 queries of 8 bytes each, and a query set holds 4096. */
const most = 256

/** Times compute passes by the device's clock, with one query set for all submissions, made at its first use. */
export class Timestamps {
  /** Whether the device has a clock of its own to read. */
  readonly there: boolean
  #made: { readonly queries: GPUQuerySet; readonly stamps: GPUBuffer } | undefined

  constructor(private readonly device: GPUDevice) {
    this.there = device.features.has('timestamp-query')
  }

  /** Whether so many passes of one submission can be timed. */
  holds(passes: number): boolean {
    return passes > 0 && passes <= most && this.there
  }

  /** What pass `at` of a submission writes at its beginning and end. */
  writes(at: number): GPUComputePassTimestampWrites {
    const { queries } = this.#open()
    return { querySet: queries, beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 }
  }

  /**
   * Encodes the writing of what the passes' clocks showed, u64 [passes, 2] in ns, to a buffer. The next submission overwrites it:
   * the same encoder has to copy it.
   */
  resolve(encoder: GPUCommandEncoder, passes: number): Source {
    const { queries, stamps } = this.#open()
    encoder.resolveQuerySet(queries, 0, 2 * passes, stamps, 0)
    const size = 16 * passes
    return { gpu: stamps, size, bytes: size }
  }

  dispose(): void {
    this.#made?.queries.destroy()
    this.#made?.stamps.destroy()
    this.#made = undefined
  }

  #open(): { readonly queries: GPUQuerySet; readonly stamps: GPUBuffer } {
    const label = 'timings'
    this.#made ??= {
      queries: this.device.createQuerySet({ label, type: 'timestamp', count: 2 * most }),
      stamps: this.device.createBuffer({ label, size: 16 * most, usage: usage.queryResolve | usage.copySource }),
    }
    return this.#made
  }
}

/**
 * Milliseconds of each pass from u64 [passes, 2] in ns. A pass is counted from the end of the one before: its own beginning may be
 * stamped while that still runs. Clocks that were rounded or set anew give 0, never less.
 */
export function passMs(stamps: BigUint64Array): number[] {
  const spans: number[] = []
  let before = 0n
  for (let i = 0; i < stamps.length; i += 2) {
    const [begin, end] = stamps.subarray(i, i + 2) as unknown as [bigint, bigint]
    const from = begin > before ? begin : before
    spans.push(end > from ? Number(end - from) / 1e6 : 0)
    before = end
  }
  return spans
}
