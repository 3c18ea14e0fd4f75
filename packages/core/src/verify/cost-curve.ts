import { exact } from '../accept'
import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type { Backend, CostBudget, CostCurve, DecoderModel, SequenceTensors } from '../spec'
import { MAX_PATH } from '../spec'
import { buckets } from './buckets'
import { Sampler } from './sampler'
import { timeBuckets } from './time-buckets'
import { Verifier } from './verifier'

/** Committed positions that the passes see. */
const context = 128
/** So that measuring, which may end a pass late, takes less than a second. */
const usualBudgetMs = 800

/** What verifying with a model costs on its device, measured when it is asked for. One asks at a time. */
export class VerifyCost {
  #curve: CostCurve | null = null
  #budgetMs = 0

  constructor(
    private readonly backend: Backend,
    private readonly model: DecoderModel,
    private readonly maxRows: number,
  ) {}

  /** null as long as nothing was measured. */
  get curve(): CostCurve | null {
    return this.#curve
  }

  /** Measures where nothing was, or where more time is given than was enough to run every bucket. Throws `INVALID_OPTION`, what the device throws. */
  async ask({ budgetMs = usualBudgetMs }: CostBudget = {}): Promise<CostCurve> {
    if (!(budgetMs > 0))
      throw new OutriderError('INVALID_OPTION', `verifyCost: budgetMs must be milliseconds above 0, not ${budgetMs}`)
    const whole = this.#curve?.measured?.length === this.#curve?.rows.length
    if (this.#curve && (whole || budgetMs <= this.#budgetMs)) return this.#curve
    this.#curve = await measureVerifyCost(this.backend, this.model, this.maxRows, budgetMs)
    this.#budgetMs = budgetMs
    return this.#curve
  }
}

/**
 * Measures verify passes of every bucket by the host's clock, submission and read included: of a chain of the bucket's size, of
 * several where a path is shorter. What it allocates it frees. Throws what the device throws.
 */
async function measureVerifyCost(
  backend: Backend,
  model: DecoderModel,
  maxRows: number,
  budgetMs: number,
): Promise<CostCurve> {
  const owned = new Owned()
  const slots = context + maxRows
  const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
  try {
    const sequence: SequenceTensors = { history: words(slots, 'cost history'), length: words(1, 'cost length') }
    const cache = owned.add(model.cache(slots, 'cost'))
    const sampler = owned.add(new Sampler(backend, model.config.vocab, maxRows, sequence))
    const parts = { backend, model, cache, sequence, rule: exact, sampler, maxRows, kept: new Map() }
    const verifier = owned.add(new Verifier(parts))
    const record = (rows: number) => verifier.verify(verifier.treePass(rows, context), true, null)
    const time = async (rows: number): Promise<number> => {
      const started = performance.now()
      const program = record(rows)
      backend.write(sequence.length, Uint32Array.of(context))
      backend.write(verifier.tree.shape, chains(rows))
      await backend.submit([program], [verifier.outcome])
      return performance.now() - started
    }
    const sizes = buckets(maxRows)
    // All begin to compile before the first is waited for.
    for (const rows of sizes) record(rows)
    return await timeBuckets(sizes, time, budgetMs)
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
