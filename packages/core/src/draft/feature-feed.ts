import { Programs } from '../model'
import { Owned } from '../owned'
import type { Committed, Follow, Ops, Pass, Program, SessionView, Tensor } from '../spec'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME } from '../spec'
import type { FeatureArgs } from './feature-head'

/** Rows that were committed and are to be fed. */
export interface FedRows extends FeatureArgs {
  /** Their positions, each with the token after it; rows beyond those that were committed are padding. */
  readonly pass: Pass
}

/**
 * Keeps a head that is fed the target's hidden states in step with its session: every committed position is fed once, with the
 * target's own state and the token after it, after a chunk of the prompt and after a round, whoever drafted it. The head then has as
 * many entries as the target's cache; what a draft puts behind them is overwritten. Li et al. 2024, arXiv 2401.15077.
 *
 * @example
 * ```ts
 * import { FeatureFeed } from '@outrider/core'
 * import type { Ops, Proposer, SessionView, Tensor } from '@outrider/core/spec'
 *
 * export function proposer(session: SessionView, run: (ops: Ops, x: Tensor, rows: number) => void): Proposer {
 *   const feed = new FeatureFeed(session, 'mine', 'final', (ops, { states, rows }) => run(ops, states[0] as Tensor, rows))
 *   return {
 *     propose: () => null,
 *     follow: (pass) => feed.follow(pass),
 *     observe: (committed) => feed.observe(committed),
 *     truncate: (length) => feed.truncate(length),
 *     dispose: () => feed.dispose(),
 *   }
 * }
 * ```
 */
export class FeatureFeed {
  readonly #owned = new Owned()
  readonly #programs: Programs
  /** u32 [1]: entries that are committed. */
  readonly #length: Tensor
  readonly #span: { readonly tokens: Tensor; readonly index: Tensor }
  readonly #states: readonly Tensor[]
  /** Committed entries; null while a pass is under way whose end is not known. */
  #held: number | null = 0
  /** Rounds that were followed and not observed yet: after them the head has been fed all that they committed. */
  #unread = 0
  /** Entries that were gone back to, the state of the last one missing; null otherwise. */
  #back: number | null = null

  /** `feed` records what the head does with rows. Throws `OUT_OF_MEMORY`. */
  constructor(
    private readonly session: SessionView,
    private readonly label: string,
    reads: 'final' | readonly number[],
    private readonly feed: (ops: Ops, rows: FedRows) => void,
  ) {
    const { backend } = session
    const words = (count: number, what: string) => this.#owned.add(backend.tensor([count], 'u32', `${label} ${what}`))
    this.#states = (reads === 'final' ? [reads] : reads).map((which) => session.hidden(which) as Tensor)
    try {
      this.#programs = this.#owned.add(new Programs(backend))
      this.#length = words(1, 'length')
      this.#span = { tokens: words(MAX_TREE_ROWS, 'span'), index: words(INDEX.words, 'span index') }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Whether the head was fed all that is committed, and anything: not after a prompt of one token. */
  get ready(): boolean {
    return this.#unread > 0 || (!!this.#held && this.#held === this.session.tokens.length - 1)
  }

  /** The programs of `Proposer.follow`. `levels`: how deep a draft of its own was at most. */
  follow({ kind, pass, own }: Follow, levels: number = MAX_PATH): readonly Program[] {
    this.#held = this.#back = null
    const { label } = this
    if (kind === 'round') this.#unread++
    if (kind === 'prefill')
      return [this.#programs.get(`${label} prefill ${pass.rows}`, (ops) => this.#feed(ops, pass.rows, pass.rows))]
    const rows = Math.min(own ? levels + 1 : pass.rows, pass.rows, MAX_PATH)
    const pick = { indices: this.session.outcome, at: OUTCOME.path }
    return [this.#programs.get(`${label} round ${pass.rows} ${rows}`, (ops) => this.#feed(ops, pass.rows, rows, pick))]
  }

  observe({ length }: Committed): void {
    this.#unread = Math.max(0, this.#unread - 1)
    this.#held = length
  }

  /**
   * What `Proposer.truncate` returns. Without the state of the last entry, or of the last `entries` of them, the target has to run
   * over their positions again.
   */
  truncate(length: number, entries: number = 1): number {
    // A round in vain has moved what the head holds.
    if ((this.#held === length && this.#unread === 0) || this.#back === length) return length
    this.#unread = 0
    const held = Math.max(0, length - entries)
    this.#held = null
    this.#back = held
    this.session.backend.write(this.#length, Uint32Array.of(held))
    return held
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #feed(ops: Ops, from: number, rows: number, pick?: FeatureArgs['pick']): void {
    const { sequence } = this.session
    const length = this.#length
    const span = { from: length, to: sequence.length, toOffset: 0, tokenOffset: 1, rows, ...this.#span }
    ops.spanIndex({ sequence, ...span })
    this.feed(ops, { pass: { rows, first: 0, ...this.#span }, states: this.#states, from, rows, ...(pick && { pick }) })
    ops.setLength({ sequence, length, offset: 0 })
  }
}
