import { type Backend, Owned, type Tensor } from '@outrider/core'
import { MAX_TREE_ROWS } from '@outrider/core/spec'

/** Parent of the candidates below the pending token. */
export const ROOT = 0xffffffff

/** Score of what is no token: below every sum of log-probabilities, and finite, as shaders want it. */
export const WORST = -1e30
/** Scores from here on are real ones. */
export const REAL = -1e29

/**
 * Everything that a dynamic tree's growth keeps on the device. Candidates are numbered in the order in which they are drafted:
 * `topK` of the first level, then level by level `topK` below each of its parents; so a parent has a lower number than its
 * children.
 */
export class Candidates {
  /** u32: for each candidate its token, parent and rank by score; for each level the candidates that were expanded; rows above. */
  readonly board: Tensor
  /** f32: for each candidate the sum of the log-probabilities on its path, nats. */
  readonly scores: Tensor
  /** The candidates that are expanded as a tree of the head's own: row 0 the last committed entry, then `topK` a level. */
  readonly tree: { readonly tokens: Tensor; readonly shape: Tensor }
  /** What is chosen from, [rows, topK]: rows of the LM head and their log-probabilities. */
  readonly ids: Tensor
  readonly logProbs: Tensor
  readonly #owned = new Owned()
  readonly #most: number

  constructor(
    backend: Backend,
    readonly topK: number,
    private readonly depth: number,
  ) {
    this.#most = this.before(depth)
    const make = (count: number, dtype: 'u32' | 'f32', label: string) =>
      this.#owned.add(backend.tensor([count], dtype, `eagle ${label}`))
    try {
      this.board = make(3 * this.#most + (depth + 1) * topK, 'u32', 'candidates')
      this.scores = make(this.#most, 'f32', 'scores')
      this.tree = { tokens: make(MAX_TREE_ROWS, 'u32', 'tree'), shape: make(MAX_TREE_ROWS, 'u32', 'tree shape') }
      this.ids = make(topK * topK, 'u32', 'choices')
      this.logProbs = make(topK * topK, 'f32', 'choices')
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Candidates of the levels before `level`, 0-based. */
  before(level: number): number {
    return level === 0 ? 0 : this.topK + (level - 1) * this.topK * this.topK
  }

  /** Places in `board`, in words. */
  get at(): { readonly tokens: number; readonly parents: number; readonly ranks: number; readonly above: number } {
    const most = this.#most
    return { tokens: 0, parents: most, ranks: 2 * most, above: 3 * most + this.depth * this.topK }
  }

  /** Where `board` lists the candidates of a level that are expanded. */
  expanded(level: number): number {
    return 3 * this.#most + level * this.topK
  }

  dispose(): void {
    this.#owned.dispose()
  }
}
