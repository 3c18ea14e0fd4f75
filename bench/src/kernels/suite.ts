import { type Output, shown } from '../output'
import type { ReadBandwidth } from './bandwidth'
import type { BenchCase, BenchGroup } from './bench-case'
import type { OpTime, OpTimer } from './op-timer'

/** Bytes below which a read says nothing about bandwidth. */
const leastBytes = 1 << 16

/**
 * Measures ops one after another: in each arithmetic that changes them, every number of rows against one row, what is read in turn
 * against a plain read of as many bytes.
 */
export class KernelSuite {
  readonly #baselines = new Map<number, ReadBandwidth>()

  /** One timer an arithmetic, the first for what no arithmetic changes. */
  constructor(
    private readonly timers: readonly [OpTimer, ...OpTimer[]],
    private readonly output: Output,
  ) {}

  async run(groups: readonly BenchGroup[]): Promise<void> {
    for (const timer of this.timers) {
      const ms = await timer.begin()
      const { arithmetic } = timer.backend.info
      this.output.note(
        `arithmetic ${arithmetic}: an empty dispatch that waits for the one before it takes ${microseconds(ms)}`,
      )
      this.output.json({ arithmetic, op: 'empty dispatch', ms })
    }
    for (const group of groups) await this.#group(group)
  }

  async #group(group: BenchGroup): Promise<void> {
    const times: OpTime[] = []
    for (const timer of group.computed ? this.timers : this.timers.slice(0, 1))
      times.push(...(await timer.measure(group)))
    const first = times[0]?.bench as BenchCase
    const baseline = await this.#baseline(first)
    const { op, shape, dtype } = group
    this.output.table(`${op} ${shape} ${dtype}${heading(first, baseline)}`, columns)
    const oneRow = times.filter(({ bench, ms }) => bench.rows === 1 && ms !== null)
    const fastest = Math.min(...oneRow.map(({ ms }) => ms as number))
    for (const { arithmetic, bench, dispatches, whole, ms } of times) {
      const { rows, bytes, flops } = bench
      const bytesPerSecond = ms && bytes / (ms / 1000)
      const own = oneRow.find((each) => each.arithmetic === arithmetic)?.ms
      this.output.line({
        arithmetic,
        op,
        shape,
        dtype,
        rows,
        dispatches,
        wholeMs: whole.median,
        lowMs: whole.low,
        highMs: whole.high,
        ms,
        bytes,
        bytesPerSecond,
        ofRead: bytesPerSecond && baseline && bytesPerSecond / baseline.bytesPerSecond,
        flopsPerSecond: ms && flops > 0 ? flops / (ms / 1000) : null,
        ratio: ms && own ? ms / own : null,
        ratioToFastest: ms && oneRow.length > 0 ? ms / fastest : null,
        clock: whole.clock,
      })
    }
  }

  /** What a plain read of about as many bytes reaches; null for what is small, or the same every time. */
  async #baseline({ bytes, rotation }: BenchCase): Promise<ReadBandwidth | null> {
    if (bytes < leastBytes || (rotation === 1 && bytes < keptBytes)) return null
    const size = Math.round(4 * Math.log2(bytes))
    const known = this.#baselines.get(size)
    if (known) return known
    const found = await this.timers[0].read(bytes)
    if (!found) return null
    this.#baselines.set(size, found)
    this.output.json({ op: 'copy-sum', ...found })
    return found
  }
}

/** What a cache may keep from one call to the next. */
const keptBytes = 200_000_000

const columns = [
  shown('arithmetic', 'arithmetic'),
  shown('rows', 'rows'),
  shown('ms', 'ms'),
  shown('whole ms', 'wholeMs'),
  shown('low', 'lowMs'),
  shown('high', 'highMs'),
  shown('dispatch', 'dispatches'),
  shown('GB/s', 'bytesPerSecond', 1e9),
  shown('of read', 'ofRead'),
  shown('GFLOP/s', 'flopsPerSecond', 1e9),
  shown('x 1 row', 'ratio'),
  shown('x fastest', 'ratioToFastest'),
]

function heading({ rotation }: BenchCase, baseline: ReadBandwidth | null): string {
  const turns = rotation > 1 ? `, ${rotation} in turn` : ''
  if (!baseline) return turns
  const { bytes, ms, bytesPerSecond } = baseline
  const speed = (bytesPerSecond / 1e9).toFixed(0)
  return `${turns}; a plain read of ${(bytes / 1e6).toFixed(1)} MB: ${ms.toFixed(4)} ms, ${speed} GB/s`
}

function microseconds(ms: number): string {
  return `${(1000 * ms).toFixed(2)} µs`
}
