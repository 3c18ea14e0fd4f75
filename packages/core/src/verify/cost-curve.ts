import { exact } from '../accept'
import { Owned } from '../owned'
import type { Backend, CostCurve, DecoderModel, SequenceTensors } from '../spec'
import { MAX_PATH } from '../spec'
import { buckets } from './buckets'
import { Sampler } from './sampler'
import { Verifier } from './verifier'

/** Committed positions that the passes see. */
const context = 128
/** Sweeps over all buckets after one that compiles; fewer where they take longer than `enoughMs` together. */
const sweeps = 8
const enoughMs = 400
/** Where a pass takes so long, rows decide: larger ones are not run, and cost as much a row. */
const slowMs = 100

/**
 * Measures what verifying costs on this device: a chain of every bucket's size (several, where a path is shorter), bucket by bucket and again, so that a clock that
 * rises meets all alike; the median of each, and no more than a larger pass takes. Throws what the device throws.
 */
export async function measureVerifyCost(backend: Backend, model: DecoderModel, maxRows: number): Promise<CostCurve> {
  const owned = new Owned()
  const slots = context + maxRows
  const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
  try {
    const sequence: SequenceTensors = { history: words(slots, 'cost history'), length: words(1, 'cost length') }
    const cache = owned.add(model.cache(slots, 'cost'))
    const sampler = owned.add(new Sampler(backend, model.config.vocab, maxRows, sequence))
    const parts = { backend, model, cache, sequence, rule: exact, sampler, maxRows, kept: new Map() }
    const verifier = owned.add(new Verifier(parts))
    const time = async (rows: number): Promise<number> => {
      const program = verifier.verify(verifier.treePass(rows, context), true, null)
      backend.write(sequence.length, Uint32Array.of(context))
      backend.write(verifier.tree.shape, chains(rows))
      const started = performance.now()
      await backend.submit([program], [verifier.outcome])
      return performance.now() - started
    }
    return await sweep(buckets(maxRows), time)
  } finally {
    owned.dispose()
  }
}

/** The shape of a tree of `rows` rows: one chain below the pending token, and more of them where it would be too long for a path. */
function chains(rows: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: rows }, (_, row) =>
    row === 0 ? rows : (row - 1) % (MAX_PATH - 1) === 0 ? 0 : row - 1,
  )
}

/** The curve over `rows` that `time`, which runs one pass, gives. */
async function sweep(rows: readonly number[], time: (rows: number) => Promise<number>): Promise<CostCurve> {
  const timed: number[][] = []
  for (const each of rows) {
    await time(each)
    const ms = await time(each)
    timed.push([ms])
    if (ms > slowMs) break
  }
  const began = performance.now()
  for (let swept = 1; swept < sweeps && performance.now() - began < enoughMs; swept++)
    for (const [i, ms] of timed.entries()) ms.push(await time(rows[i] as number))
  const last = timed.length - 1
  const perRow = median(timed[last] as number[]) / (rows[last] as number)
  const ms = rows.map((each, i) => (i > last ? each * perRow : median(timed[i] as number[])))
  // A pass that looks slower than a larger one was slowed down by something else.
  return { rows, ms: ms.map((_, i) => Math.min(...ms.slice(i))) }
}

/** Of an even number the lower. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] as number
}
