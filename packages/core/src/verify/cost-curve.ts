import { exact } from '../accept'
import { Owned } from '../owned'
import type { Backend, CostCurve, DecoderModel, Program, SequenceTensors } from '../spec'
import { buckets } from './buckets'
import { Verifier } from './verifier'

/** Committed positions that the passes see. */
const context = 128
/** Sweeps over all buckets, the first of which compiles; fewer where they take longer than `enoughMs` together. */
const sweeps = 9
const enoughMs = 400

/**
 * Measures what verifying costs on this device: a chain of every bucket's size, bucket by bucket and again, so that a clock that
 * rises meets all alike; the median of each. Throws what the device throws.
 */
export async function measureVerifyCost(backend: Backend, model: DecoderModel, maxRows: number): Promise<CostCurve> {
  const owned = new Owned()
  const slots = context + maxRows
  const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
  try {
    const sequence: SequenceTensors = { history: words(slots, 'cost history'), length: words(1, 'cost length') }
    const cache = owned.add(model.cache(slots, 'cost'))
    const verifier = owned.add(new Verifier({ backend, model, cache, sequence, rule: exact, maxRows, kept: new Map() }))
    const time = async (rows: number, program: Program): Promise<number> => {
      backend.write(sequence.length, Uint32Array.of(context))
      backend.write(verifier.tree.shape, Uint32Array.from([rows, ...Array.from({ length: rows - 1 }, (_, row) => row)]))
      const started = performance.now()
      await backend.submit([program], [verifier.outcome])
      return performance.now() - started
    }
    const runs = buckets(maxRows).map((rows) => ({
      rows,
      program: verifier.verify(verifier.treePass(rows), true, null),
      ms: [] as number[],
    }))
    for (const { rows, program } of runs) await time(rows, program)
    const began = performance.now()
    for (let sweep = 1; sweep < sweeps; sweep++) {
      for (const { rows, program, ms } of runs) ms.push(await time(rows, program))
      if (performance.now() - began > enoughMs) break
    }
    return { rows: runs.map(({ rows }) => rows), ms: runs.map(({ ms }) => median(ms)) }
  } finally {
    owned.dispose()
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}
