import { drawnFrom } from '../accept'
import { Owned } from '../owned'
import type { Backend, DrawnRows, DrawnTree } from '../spec'

/** What the tokens of a session's trees were drawn from, on the device: left there by a draft's programs, or written of a tree of the host. */
export class Drawn {
  readonly rows: DrawnRows
  readonly #owned = new Owned()
  /** What `rows.said` holds. */
  #said = ''

  /** Throws `OUT_OF_MEMORY`. */
  constructor(
    private readonly backend: Backend,
    private readonly maxRows: number,
    private readonly vocab: number,
  ) {
    try {
      this.rows = {
        logits: this.#owned.add(backend.tensor([maxRows, vocab], 'f32', 'q')),
        said: this.#owned.add(backend.tensor([maxRows], 'u32', 'rows with q')),
      }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /**
   * What the next tree was drawn from: below the rows `left` what its programs leave, or else what the tree says itself, which is
   * written. Throws `TREE_MALFORMED`.
   */
  lay(tree: DrawnTree | null, left: readonly number[]): void {
    this.#say(left.length > 0 ? left : this.#write(tree))
  }

  dispose(): void {
    this.#owned.dispose()
  }

  /** Writes what a tree says of its rows that have children, and gives those rows. */
  #write(tree: DrawnTree | null): readonly number[] {
    if (!tree?.q) return []
    return [...new Set(tree.parents)].flatMap((parent) => {
      const mass = drawnFrom(tree, parent + 1, this.vocab)
      if (!mass) return []
      this.backend.write(this.rows.logits, Float32Array.from(mass, Math.log), (parent + 1) * this.vocab)
      return [parent + 1]
    })
  }

  #say(rows: readonly number[]): void {
    const key = rows.join()
    if (key === this.#said) return
    const said = new Uint32Array(this.maxRows)
    for (const row of rows) said[row] = 1
    this.backend.write(this.rows.said, said)
    this.#said = key
  }
}
