import type { Backend } from '@outrider/core'
import type { Clock, Timed } from '../clock'
import { type Output, shown } from '../output'
import { emptyDispatchMs, type ReadBandwidth, readBandwidth } from './bandwidth'
import type { BenchCase, BenchGroup, BenchPlace } from './bench-case'

/** Dispatches of a program at least, where the same memory may be read again: one that is short says more of its beginning. */
const leastCalls = 48
/** Bytes below which a read says nothing about bandwidth. */
const leastBytes = 1 << 16

/** Measures ops one after another, every number of rows against one row, and each weight against a plain read of as many bytes. */
export class KernelSuite {
  readonly #baselines = new Map<number, ReadBandwidth>()
  #emptyMs = 0

  constructor(
    private readonly backend: Backend,
    private readonly clock: Clock,
    private readonly output: Output,
    private readonly place: Omit<BenchPlace, 'backend'> & { readonly short: boolean },
  ) {}

  async run(groups: readonly BenchGroup[]): Promise<void> {
    this.#emptyMs = await emptyDispatchMs(this.backend, this.clock)
    this.output.note(`an empty dispatch that waits for the one before it: ${(1000 * this.#emptyMs).toFixed(2)} µs`)
    this.output.json({ op: 'empty dispatch', ms: this.#emptyMs })
    for (const group of groups) await this.#group(group)
  }

  async #group(group: BenchGroup): Promise<void> {
    const { op, shape, dtype } = group
    const { cases, dispose } = await group.open({ ...this.place, backend: this.backend })
    try {
      const baseline = await this.#baseline(cases[0] as BenchCase)
      this.output.table(`${op} ${shape} ${dtype}${heading(cases[0] as BenchCase, baseline)}`, columns)
      let oneRow: number | null = null
      for (const each of cases) {
        const { timed, dispatches } = await this.#time(op, each)
        const ms = above(timed.median - dispatches * this.#emptyMs)
        if (each.rows === 1) oneRow = ms
        const bytesPerSecond = ms && each.bytes / (ms / 1000)
        this.output.line({
          op,
          shape,
          dtype,
          rows: each.rows,
          dispatches,
          wholeMs: timed.median,
          lowMs: timed.low,
          highMs: timed.high,
          ms,
          bytes: each.bytes,
          bytesPerSecond,
          ofRead: bytesPerSecond && baseline && bytesPerSecond / baseline.bytesPerSecond,
          flopsPerSecond: ms && each.flops > 0 ? each.flops / (ms / 1000) : null,
          ratio: ms && oneRow && ms / oneRow,
          clock: timed.clock,
        })
      }
    } finally {
      dispose()
    }
  }

  /** One call among many of the same. */
  async #time(op: string, each: BenchCase): Promise<{ readonly timed: Timed; readonly dispatches: number }> {
    const calls = this.place.short ? Math.max(2, each.rotation) : roundUp(leastCalls, each.rotation)
    const program = this.backend.program(`${op} ${each.rows}`, (ops) => {
      for (let turn = 0; turn < calls; turn++) each.record(ops, turn)
    })
    try {
      const { median, low, high, clock } = await this.clock.time(program)
      const timed = { median: median / calls, low: low / calls, high: high / calls, clock }
      return { timed, dispatches: program.dispatches / calls }
    } finally {
      program.dispose()
    }
  }

  /** What a plain read of about as many bytes reaches; null for what is small. */
  async #baseline({ bytes, rotation }: BenchCase): Promise<ReadBandwidth | null> {
    if (rotation === 1 && bytes < this.place.rotatedBytes) return null
    if (bytes < leastBytes) return null
    const size = Math.round(4 * Math.log2(bytes))
    const known = this.#baselines.get(size)
    if (known) return known
    const found = await readBandwidth(this.backend, this.clock, bytes, this.place.rotatedBytes, this.#emptyMs)
    if (!found) return null
    this.#baselines.set(size, found)
    this.output.json({ op: 'copy-sum', ...found })
    return found
  }
}

const columns = [
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
]

function heading({ rotation }: BenchCase, baseline: ReadBandwidth | null): string {
  const turns = rotation > 1 ? `, ${rotation} in turn` : ''
  if (!baseline) return turns
  const { bytes, ms, bytesPerSecond } = baseline
  return `${turns}; a plain read of ${megabytes(bytes)} MB: ${ms.toFixed(4)} ms, ${(bytesPerSecond / 1e9).toFixed(0)} GB/s`
}

/** null where so little is left of a time that nothing can be said. */
function above(ms: number): number | null {
  return ms > 0 ? ms : null
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

function roundUp(least: number, step: number): number {
  return Math.ceil(least / step) * step
}
