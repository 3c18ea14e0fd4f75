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
  /** Tokens that one of them commits at most. */
  #widest = 0
  readonly #known: {
    readonly kind: string
    readonly from: Pass
    readonly rows: number
    readonly programs: readonly Program[]
  }[] = []
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

  /** Tokens that are committed at most, those of rounds that were not observed yet among them. */
  get mostTokens(): number {
    return this.session.tokens.length + this.#unread * this.#widest
  }

  /** The programs of `Proposer.follow`. */
  follow({ kind, pass, levels }: Follow): readonly Program[] {
    this.#held = this.#back = null
    const rows = kind === 'prefill' ? pass.rows : Math.min(levels + 1, pass.rows, MAX_PATH)
    if (kind === 'round') {
      this.#widest = Math.max(this.#unread > 0 ? this.#widest : 0, rows)
      this.#unread++
    }
    const known = this.#known.find(
      (each) =>
        each.kind === kind && each.rows === rows && each.from.rows === pass.rows && each.from.reach === pass.reach,
    )
    if (known) return known.programs
    const pick = kind === 'round' ? { indices: this.session.outcome, at: OUTCOME.path } : undefined
    const key = `${this.label} ${kind} ${pass.rows} ${rows} below ${pass.reach}`
    const programs = [this.#programs.get(key, (ops) => this.#feed(ops, pass, rows, pick))]
    this.#known.push({ kind, from: pass, rows, programs })
    return programs
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

  /** Rows of a pass stand at positions below its own. */
  #feed(ops: Ops, { rows: from, reach }: Pass, rows: number, pick?: FeatureArgs['pick']): void {
    const { sequence } = this.session
    const length = this.#length
    const span = { from: length, to: sequence.length, toOffset: 0, tokenOffset: 1, rows, ...this.#span }
    ops.spanIndex({ sequence, ...span })
    const pass: Pass = { rows, first: 0, ...(reach && { reach }), ...this.#span }
    this.feed(ops, { pass, states: this.#states, from, rows, ...(pick && { pick }) })
    ops.setLength({ sequence, length, offset: 0 })
  }
}
