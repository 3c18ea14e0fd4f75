import { createKvCache } from '../cache'
import { Owned } from '../owned'
import type { Backend, DecoderModel, Pass, SequenceTensors, Tensor } from '../spec'
import { INDEX, MAX_TREE_ROWS } from '../spec'
import { buckets } from './buckets'

/** Positions whose one-row results are compared with their bits in larger passes. */
const positions = 17

/**
 * Whether this device gives a row the same bits alone and in passes of every size: runs the model's first layer over a few tokens
 * one by one, then in every bucket, full and padded. Throws what the device throws.
 */
export async function rowInvariant(backend: Backend, model: DecoderModel, maxRows: number): Promise<boolean> {
  const owned = new Owned()
  try {
    return await new Probe(backend, model, maxRows, owned).run()
  } finally {
    owned.dispose()
  }
}

class Probe {
  readonly #sequence: SequenceTensors
  readonly #end: Tensor
  readonly #tokens: Tensor
  readonly #index: Tensor
  readonly #out: Tensor
  readonly #cache: ReturnType<typeof createKvCache>
  readonly #width: number

  constructor(
    private readonly backend: Backend,
    private readonly model: DecoderModel,
    private readonly maxRows: number,
    owned: Owned,
  ) {
    const slots = positions + maxRows
    const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
    this.#sequence = { history: words(slots, 'probe history'), length: words(1, 'probe length') }
    this.#end = words(1, 'probe end')
    this.#tokens = words(MAX_TREE_ROWS, 'probe tokens')
    this.#index = words(INDEX.words, 'probe index')
    this.#width = model.config.hidden
    this.#out = owned.add(backend.tensor([maxRows, this.#width], 'f32', 'probe result'))
    this.#cache = owned.add(createKvCache(backend, { ...model.config, layers: 1 }, slots, 'probe'))
    // Any tokens do: a multiplicative step spreads them over the vocabulary.
    const history = Uint32Array.from({ length: slots }, (_, i) => ((i + 1) * 40503) % model.config.vocab)
    backend.write(this.#sequence.history, history)
  }

  async run(): Promise<boolean> {
    const count = Math.min(positions, this.maxRows)
    const alone: Uint32Array[] = []
    for (let at = 0; at < count; at++) alone.push((await this.#pass(1, at, at + 1))[0] as Uint32Array)
    for (const rows of buckets(this.maxRows)) {
      const full = await this.#pass(rows, 0, rows)
      if (alone.some((row, at) => at < rows && !equal(row, full[at]))) return false
      if (rows < 4) continue
      // Each row one place further up, and the upper part of the bucket empty.
      const padded = await this.#pass(rows, 1, rows / 2 + 2)
      if (padded.some((row, at) => at + 1 < count && !equal(row, alone[at + 1]))) return false
    }
    return true
  }

  /** Bits of the residual stream after the first layer, for positions from..to-1 in a pass recorded for `rows`. */
  async #pass(rows: number, from: number, to: number): Promise<readonly Uint32Array[]> {
    const pass: Pass = { rows, first: 0, tokens: this.#tokens, index: this.#index }
    const program = this.backend.program(`probe ${rows}`, (ops) => {
      const { length } = this.#sequence
      ops.spanIndex({
        sequence: this.#sequence,
        from: length,
        to: this.#end,
        toOffset: 0,
        rows,
        tokens: pass.tokens,
        index: pass.index,
      })
      const x = this.model.forward(ops, { pass, cache: this.#cache, to: 1 })
      ops.concat({ parts: [{ x }], out: this.#out, rows })
    })
    try {
      this.backend.write(this.#sequence.length, Uint32Array.of(from))
      this.backend.write(this.#end, Uint32Array.of(to))
      const [bytes] = await this.backend.submit([program], [this.#out])
      const bits = new Uint32Array(bytes as ArrayBuffer)
      return Array.from({ length: to - from }, (_, row) => bits.slice(row * this.#width, (row + 1) * this.#width))
    } finally {
      program.dispose()
    }
  }
}

function equal(a: Uint32Array, b: Uint32Array | undefined): boolean {
  return b !== undefined && a.every((word, i) => word === b[i])
}
