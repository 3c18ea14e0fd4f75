import { createKvCache } from '../cache'
import type { Owned } from '../owned'
import type { Backend, DecoderModel, Pass, Program, SequenceTensors, Tensor, TreeTensors } from '../spec'
import { INDEX, MAX_PATH, MAX_TREE_ROWS } from '../spec'
import { buckets } from './buckets'

/** Positions whose one-row results are compared with their bits in larger passes. */
const positions = 17

/**
 * Whether this device gives a row the same bits alone and in passes of every size: runs the model's first layer over a few tokens
 * one by one, then in every bucket, full and padded. A bucket larger than a path holds the same chain several times, so that the
 * rows that are compared stand all over it. Its passes, which `owned` has charge of, begin to compile when it is made, all at once.
 */
export class InvarianceProbe {
  readonly #sequence: SequenceTensors
  readonly #tree: TreeTensors
  readonly #index: Tensor
  /** Tokens by position. */
  readonly #history: Uint32Array<ArrayBuffer>
  readonly #out: Tensor
  readonly #cache: ReturnType<typeof createKvCache>
  readonly #width: number
  /** By the rows that a pass has. */
  readonly #programs = new Map<number, Program>()

  constructor(
    private readonly backend: Backend,
    private readonly model: DecoderModel,
    private readonly maxRows: number,
    owned: Owned,
  ) {
    const slots = positions + maxRows
    const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
    this.#sequence = { history: words(slots, 'probe history'), length: words(1, 'probe length') }
    this.#tree = { tokens: words(MAX_TREE_ROWS, 'probe tokens'), shape: words(MAX_TREE_ROWS, 'probe shape') }
    this.#index = words(INDEX.words, 'probe index')
    this.#width = model.config.hidden
    this.#out = owned.add(backend.tensor([maxRows, this.#width], 'f32', 'probe result'))
    this.#cache = owned.add(createKvCache(backend, { ...model.config, layers: 1 }, slots, 'probe'))
    // Any tokens do: a multiplicative step spreads them over the vocabulary.
    this.#history = Uint32Array.from({ length: slots }, (_, i) => ((i + 1) * 40503) % model.config.vocab)
    backend.write(this.#sequence.history, this.#history)
    for (const rows of buckets(maxRows)) this.#programs.set(rows, owned.add(this.#record(rows)))
  }

  /** Throws what the device throws. */
  async run(): Promise<boolean> {
    const count = Math.min(positions, this.maxRows)
    const alone: Uint32Array[] = []
    for (let at = 0; at < count; at++) alone.push((await this.#pass(1, at, 1))[0] as Uint32Array)
    for (const rows of buckets(this.maxRows)) {
      const full = await this.#pass(rows, 0, rows)
      if (!full.every((row, at) => alike(row, alone[level(at)]))) return false
      if (rows < 4) continue
      // Each row one place further up, and the upper part of the bucket empty.
      const padded = await this.#pass(rows, 1, (rows >> 1) + 1)
      if (!padded.every((row, at) => alike(row, alone[level(at) + 1]))) return false
    }
    return true
  }

  /**
   * Bits of the residual stream after the first layer for the first `live` rows of a pass recorded for `rows`: the pending token at
   * position `base`, and chains of the tokens after it.
   */
  async #pass(rows: number, base: number, live: number): Promise<readonly Uint32Array[]> {
    const row = (at: number): number => (at === 0 ? live : level(at) === 1 ? 0 : at - 1)
    const token = (at: number): number => this.#history[base + level(at)] as number
    this.backend.write(this.#sequence.length, Uint32Array.of(base))
    this.backend.write(
      this.#tree.shape,
      Uint32Array.from({ length: live }, (_, at) => row(at)),
    )
    this.backend.write(
      this.#tree.tokens,
      Uint32Array.from({ length: live }, (_, at) => token(at)),
    )
    const [bytes] = await this.backend.submit([this.#programs.get(rows) as Program], [this.#out])
    const bits = new Uint32Array(bytes as ArrayBuffer)
    return Array.from({ length: live }, (_, at) => bits.slice(at * this.#width, (at + 1) * this.#width))
  }

  #record(rows: number): Program {
    const pass: Pass = { rows, first: 0, tokens: this.#tree.tokens, index: this.#index }
    return this.backend.program(`probe ${rows}`, (ops) => {
      ops.treeIndex({ tree: this.#tree, sequence: this.#sequence, index: pass.index })
      const x = this.model.forward(ops, { pass, cache: this.#cache, to: 1 })
      ops.concat({ parts: [{ x }], out: this.#out, rows })
    })
  }
}

/** Level of a row below the pending token: chains as long as a path, one after the other. */
function level(row: number): number {
  return row === 0 ? 0 : ((row - 1) % (MAX_PATH - 1)) + 1
}

/** Whether a row has the bits that it has alone; rows of later positions were not run alone. */
function alike(row: Uint32Array, alone: Uint32Array | undefined): boolean {
  return alone === undefined || row.every((word, i) => word === alone[i])
}
