import { exact, type Ops, Owned, type Pass, type Program, type StrategyHost, type Tensor } from '@outrider/core'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME, SAMPLING } from '@outrider/core/spec'
import { randomTokens } from '../random'
import { fillCache } from '../random-cache'

/** Runs of a submission at most: each commits a token, for which the cache needs room. */
export const mostRuns = 32
/** Tokens that a run commits at most before the length is set back; more of a random draft are accepted by no chance. */
const roomARun = 4

/**
 * What a round of plain or speculative decoding submits for the target: a chain's rows through the whole model, its choice at each,
 * acceptance and commit. One program a number of rows, recorded for exactly so many.
 */
export class VerifyPass {
  readonly outcome: Tensor
  readonly #owned = new Owned()
  readonly #host: Pick<StrategyHost, 'backend' | 'target'>
  readonly #context: number
  readonly #length: Tensor
  readonly #shape: Tensor
  readonly #caches: ReadonlySet<Tensor>
  readonly #record: (ops: Ops, rows: number) => void

  /** `context`: committed positions that a pass sees; `most`: rows of the largest one. */
  static async open(
    host: Pick<StrategyHost, 'backend' | 'target'>,
    context: number,
    most: number,
  ): Promise<VerifyPass> {
    const pass = new VerifyPass(host, context, most)
    for (const cache of pass.#caches) await fillCache(host.backend, cache)
    return pass
  }

  private constructor(host: Pick<StrategyHost, 'backend' | 'target'>, context: number, most: number) {
    const { backend, target } = host
    const owned = this.#owned
    this.#host = host
    this.#context = context
    const slots = context + most + roomARun * mostRuns
    const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
    const { vocab, layers } = target.config
    const sequence = { history: words(slots, 'history'), length: words(1, 'length') }
    const tree = { tokens: words(MAX_TREE_ROWS, 'tokens'), shape: words(MAX_TREE_ROWS, 'shape') }
    const index = words(INDEX.words, 'index')
    const sampling = {
      params: words(SAMPLING.words, 'sampling'),
      counts: words(vocab, 'counts'),
      bias: owned.add(backend.tensor([vocab], 'f32', 'bias')),
    }
    this.#length = sequence.length
    this.#shape = tree.shape
    this.outcome = words(OUTCOME.words, 'outcome')
    const cache = owned.add(target.cache(slots, 'bench'))
    this.#caches = new Set(Array.from({ length: layers }, (_, layer) => cache.layer(layer).tensor))
    backend.write(tree.tokens, Uint32Array.from(randomTokens(MAX_TREE_ROWS, vocab, 1)))
    if (!('device' in exact)) throw new Error('the exact rule decides on the device')
    const verdict = owned.add(exact.device.start(backend, most))
    this.#record = (ops, rows) => {
      const pass: Pass = { rows, first: 0, tokens: tree.tokens, index }
      ops.treeIndex({ tree, sequence, index })
      const x = target.forward(ops, { pass, cache })
      const logits = target.logits(ops, { x, rows, pass })
      verdict.record(ops, { logits, vocab, pass, sampling, outcome: this.outcome })
      ops.commitTokens({ outcome: this.outcome, sequence })
    }
  }

  record(ops: Ops, rows: number): void {
    if (rows > MAX_PATH) throw new Error(`a chain has at most ${MAX_PATH} rows, not ${rows}`)
    this.#record(ops, rows)
  }

  program(rows: number): Program {
    return this.#host.backend.program(`verify ${rows}`, (ops) => this.record(ops, rows))
  }

  /** Goes back to the context, with a chain of so many rows. */
  reset(rows: number): void {
    const { backend } = this.#host
    backend.write(this.#length, Uint32Array.of(this.#context))
    backend.write(
      this.#shape,
      Uint32Array.from({ length: rows }, (_, row) => (row === 0 ? rows : row - 1)),
    )
  }

  /** Tensors that hold what a pass came to: keys and values of the last layer, in which all layers before have their part, and the outcome. */
  get results(): readonly Tensor[] {
    return [...[...this.#caches].slice(-1), this.outcome]
  }

  dispose(): void {
    this.#owned.dispose()
  }
}
