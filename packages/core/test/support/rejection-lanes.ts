import { type Backend, Owned, type Program, type Tensor } from '@outrider/core'
import { INDEX, MAX_TREE_ROWS, OUTCOME, SAMPLING } from '@outrider/core/spec'
import { rejectionWalk } from '../../src/accept/rejection-walk'
import { ROW_MASSES } from '../../src/accept/row-masses.wgsl'

/** Drafts of one topology over the same rows, one a lane. */
export interface Lanes {
  readonly lanes: number
  /** Parent node of each node, -1 for the pending token. */
  readonly parents: readonly number[]
  readonly vocab: number
}

/** What is judged. */
export interface JudgedLanes {
  /** u32 [lanes, rows]; row 0 is not looked at. */
  readonly tokens: Uint32Array
  /** f32 [rows, vocab]. */
  readonly logits: Float32Array
  /** f32 [rows, vocab], nats. */
  readonly drawn: Float32Array
  /** u32 [rows]. */
  readonly said: Uint32Array
  /** u32 [SAMPLING.words]. */
  readonly params: Uint32Array
  /** Position of the pending token. */
  readonly length: number
}

/** The kernels of `rejection` over many drafts at a time, on a backend. */
export class RejectionLanes {
  readonly #owned = new Owned()
  readonly #tensors: Readonly<Record<keyof JudgedLanes, Tensor>>
  readonly #outcome: Tensor
  readonly #program: Program

  constructor(
    private readonly backend: Backend,
    { lanes, parents, vocab }: Lanes,
  ) {
    const rows = parents.length + 1
    const words = (count: number) => this.#owned.add(backend.tensor([count], 'u32', 'lanes'))
    const floats = (count: number) => this.#owned.add(backend.tensor([count, vocab], 'f32', 'lanes'))
    const [tokens, said, params, length] = [words(lanes * rows), words(rows), words(SAMPLING.words), words(1)]
    const [logits, drawn] = [floats(rows), floats(rows)]
    const [index, shape, treeTokens] = [words(INDEX.words), words(MAX_TREE_ROWS), words(MAX_TREE_ROWS)]
    backend.write(shape, Uint32Array.from([rows, ...parents.map((parent) => parent + 1)]))
    this.#tensors = { tokens, said, params, length, logits, drawn }
    this.#outcome = words(lanes * OUTCOME.words)
    const masses = words(rows * ROW_MASSES.words)
    const scratch = floats(lanes * 3)
    // What earlier rounds left behind must not matter.
    backend.write(masses, new Uint32Array(rows * ROW_MASSES.words).fill(0x3f800000))
    backend.write(scratch, new Float32Array(lanes * 3 * vocab).fill(0.3))
    const history = words(1024)
    this.#program = this.#owned.add(
      backend.program('lanes', (ops) => {
        ops.treeIndex({ tree: { tokens: treeTokens, shape }, sequence: { history, length }, index })
        const judged = { params, index, tokens, logits, drawn, said, masses, scratch, outcome: this.#outcome }
        rejectionWalk(ops, { lanes, rows, vocab, ...judged })
      }),
    )
  }

  /** The outcome of each lane. */
  async judge({ length, ...given }: Partial<JudgedLanes>): Promise<readonly Uint32Array[]> {
    if (length !== undefined) this.backend.write(this.#tensors.length, Uint32Array.of(length))
    for (const [name, data] of Object.entries(given))
      this.backend.write(this.#tensors[name as keyof typeof given], data)
    const [bytes] = await this.backend.submit([this.#program], [this.#outcome])
    const all = new Uint32Array(bytes as ArrayBuffer)
    return Array.from({ length: all.length / OUTCOME.words }, (_, lane) =>
      all.subarray(lane * OUTCOME.words, (lane + 1) * OUTCOME.words),
    )
  }

  dispose(): void {
    this.#owned.dispose()
  }
}
