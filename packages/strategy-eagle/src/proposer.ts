import {
  type Budget,
  type Committed,
  createKvCache,
  type DeviceDraft,
  type Follow,
  type KvCache,
  type Ops,
  Owned,
  type Pass,
  type Program,
  type Proposer,
  type SessionView,
  type Tensor,
} from '@outrider/core'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME } from '@outrider/core/spec'
import type { Drafter } from './drafter'
import type { EagleHead } from './head'

/**
 * Drafts with an EAGLE head. Entry i of its cache pairs the target's feature at position i with the token after it, so that it has
 * as many as the target's; what a draft puts behind them, on features of its own, is overwritten. Every committed row is fed with
 * the target's feature, and the state of the last one is kept: the next draft begins with it.
 */
export class EagleProposer implements Proposer {
  readonly #owned = new Owned()
  readonly #cache: KvCache
  /** u32 [1]: entries of the cache that are committed. */
  readonly #length: Tensor
  /** u32 [1]: the last committed entry, row 0 of a draft. */
  readonly #base: Tensor
  readonly #span: { readonly tokens: Tensor; readonly index: Tensor }
  readonly #index: Tensor
  /** State of the last committed entry, f32 [1, hidden]. */
  readonly #last: Tensor
  readonly #programs = new Map<string, Program>()
  /** Committed entries; null while a pass is under way whose end is not known. */
  #held: number | null = 0
  #levels = 0

  /** `rows` are the provisional rows of the largest draft. */
  constructor(
    private readonly session: SessionView,
    private readonly head: EagleHead,
    private readonly drafter: Drafter,
    rows: number,
  ) {
    const { backend, slots, maxRows } = session
    const { layers, model } = head.config
    const words = (count: number, label: string) => this.#owned.add(backend.tensor([count], 'u32', `eagle ${label}`))
    this.#owned.add(drafter)
    try {
      const own = slots - maxRows + Math.max(maxRows, rows)
      this.#cache = this.#owned.add(createKvCache(backend, { ...model, layers }, own, 'eagle'))
      this.#length = words(1, 'length')
      this.#base = words(1, 'base')
      this.#span = { tokens: words(MAX_TREE_ROWS, 'span'), index: words(INDEX.words, 'span index') }
      this.#index = words(INDEX.words, 'tree index')
      this.#last = this.#owned.add(backend.tensor([1, head.width], 'f32', 'eagle state'))
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** null as long as the target has run over nothing: after a prompt of one token. */
  propose({ nodes, depth }: Budget): DeviceDraft | null {
    if (!this.#held || this.#held !== this.session.tokens.length - 1) return null
    const plan = this.drafter.plan(nodes, depth)
    this.#levels = plan.levels
    const program = this.#program(`eagle draft ${plan.key}`, (ops) => {
      const { sequence } = this.session
      ops.setLength({ sequence, length: this.#base, offset: -1 })
      plan.record(ops, { last: this.#last, index: this.#index, base: this.#base, cache: this.#cache })
    })
    return { programs: [program], nodes: plan.nodes, parents: plan.parents }
  }

  follow({ kind, pass, own }: Follow): readonly Program[] {
    this.#held = null
    if (kind === 'prefill') return [this.#program(`eagle prefill ${pass.rows}`, (ops) => this.#feed(ops, pass.rows))]
    const rows = Math.min(own ? this.#levels + 1 : pass.rows, pass.rows, MAX_PATH)
    const pick = { indices: this.session.outcome, at: OUTCOME.path }
    return [
      this.#program(`eagle round ${pass.rows} ${rows}`, (ops) => this.#feed(ops, rows, { from: pass.rows, pick })),
    ]
  }

  observe({ length }: Committed): void {
    this.#held = length
  }

  /** Without the state of the last entry the target has to run over its position again. */
  truncate(length: number): number {
    if (this.#held === length) return length
    const held = Math.max(0, length - 1)
    this.#held = null
    this.session.backend.write(this.#length, Uint32Array.of(held))
    return held
  }

  dispose(): void {
    this.#owned.dispose()
  }

  /** Feeds the pairs that were committed, at most `rows`: those of a pass in order, or an accepted path out of one. */
  #feed(ops: Ops, rows: number, path?: { from: number; pick: { indices: Tensor; at: number } }): void {
    const { sequence } = this.session
    const length = this.#length
    const { features } = this.head.config
    const states = (features === 'final' ? [features] : features).map((which) => this.session.hidden(which) as Tensor)
    const g = this.head.features(ops, { states, from: rows, rows, ...path })
    const span = { from: length, to: sequence.length, toOffset: 0, tokenOffset: 1, rows, ...this.#span }
    ops.spanIndex({ sequence, ...span })
    const pass: Pass = { rows, first: 0, ...this.#span }
    const x = this.head.step(ops, { pass, g, cache: this.#cache })
    ops.gatherLast({ x, pass, out: this.#last })
    ops.setLength({ sequence, length, offset: 0 })
  }

  #program(key: string, record: (ops: Ops) => void): Program {
    const known = this.#programs.get(key)
    if (known) return known
    const program = this.#owned.add(this.session.backend.program(key, record))
    this.#programs.set(key, program)
    return program
  }
}
