import {
  type Budget,
  type Committed,
  createKvCache,
  type DeviceDraft,
  type DraftNoise,
  FeatureFeed,
  type FedRows,
  type Follow,
  type KvCache,
  keepDrawn,
  type Ops,
  Owned,
  type Pass,
  type Program,
  Programs,
  type Proposer,
  passReach,
  type SessionView,
  type Tensor,
} from '@outrider/core'
import { INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { endOf, statesFrom } from './kernels'
import type { MtpModules } from './module'
import { pickStates, type TargetState } from './target-state'

/** What one module keeps. Its entry i pairs a state at position i with the token `module + 1` after it. */
interface Depth {
  readonly module: number
  /** u32 [1]: entries that are committed; one fewer a module than the target's cache has. */
  readonly length: Tensor
  /** State of the last committed entry, f32 [1, hidden]. */
  readonly last: Tensor
  /** Committed positions as a pass, and drafted ones. */
  readonly span: { readonly tokens: Tensor; readonly index: Tensor }
  readonly draft: Tensor
}

/**
 * Drafts a chain with one module a token (DeepSeek-V3, section 2.2): module d is fed module d - 1's states and the tokens d + 1 after
 * them. What was committed is fed to all of them; of a draft module d sees the d tokens drafted so far. Where the target samples,
 * each token is drawn with the session's noise, and rules that ask are told from what.
 */
export class DepthProposer implements Proposer {
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #programs: Programs
  readonly #feed: FeatureFeed
  readonly #cache: KvCache
  readonly #depths: readonly Depth[]
  readonly #base: Tensor
  /** u32 [modules]: 0, 1, 2, … to gather single rows by. */
  readonly #rows: Tensor
  readonly #state: Tensor
  readonly #drafts: { readonly noisy: boolean; readonly reach: number; readonly draft: DeviceDraft }[] = []

  constructor(
    private readonly session: SessionView,
    private readonly modules: MtpModules,
    reads: TargetState,
    private readonly tokens: number,
  ) {
    const { backend, slots } = session
    const { model, modules: weights } = modules.weights
    const words = (count: number, what: string) => this.#owned.add(backend.tensor([count], 'u32', `mtp ${what}`))
    const state = () => this.#owned.add(backend.tensor([1, model.hidden], 'f32', 'mtp state'))
    try {
      this.#programs = this.#owned.add(new Programs(backend))
      this.#cache = this.#owned.add(createKvCache(backend, { ...model, layers: weights.length }, slots, 'mtp'))
      this.#base = words(1, 'base')
      this.#rows = words(weights.length, 'rows')
      this.#state = state()
      this.#depths = weights.map((_, module) => ({
        module,
        length: words(1, 'length'),
        last: state(),
        span: { tokens: words(MAX_TREE_ROWS, 'span'), index: words(INDEX.words, 'span index') },
        draft: words(INDEX.words, 'draft index'),
      }))
      this.#feed = this.#owned.add(new FeatureFeed(session, 'mtp', reads, (ops, fed) => this.#fed(ops, fed)))
      backend.write(
        this.#rows,
        Uint32Array.from(weights, (_, row) => row),
      )
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Not as long as what is committed is no longer than a draft: that is then as deep as there are entries. */
  get ahead(): boolean {
    return this.session.tokens.length > this.tokens
  }

  propose({ nodes, depth }: Budget): DeviceDraft | null {
    if (!this.#feed.ready) return null
    const levels = Math.min(this.tokens, nodes, depth, this.session.tokens.length - 1)
    const noisy = this.session.noise !== null
    const reach = passReach(this.#feed.mostTokens + levels)
    const known = this.#drafts.find(
      (each) => each.draft.nodes === levels && each.reach === reach && each.noisy === noisy,
    )
    if (known) return known.draft
    const draft = this.#recorded(levels, reach)
    this.#drafts.push({ noisy, reach, draft })
    return draft
  }

  follow(follow: Follow): readonly Program[] {
    return this.#feed.follow(follow)
  }

  observe(committed: Committed): void {
    this.#feed.observe(committed)
  }

  /** The states of the last entries are needed, one position further back for each module. */
  truncate(length: number): number {
    const held = this.#feed.truncate(length, this.#depths.length)
    if (held < length || held === 0)
      for (const { length: own } of this.#depths) this.session.backend.write(own, Uint32Array.of(held))
    return held
  }

  dispose(): void {
    this.#owned.dispose()
  }

  /** The first module is fed the target's states at `pass`, every other the states of the one before it. */
  #fed(ops: Ops, { pass, ...fed }: FedRows): void {
    const { sequence } = this.session
    const { gathered } = this.modules
    const { rows } = pass
    let [at, g]: [Pass, Tensor] = [pass, pickStates(ops, fed, gathered)]
    for (const [module, { length, last, span }] of this.#depths.entries()) {
      const x = this.modules.step(ops, { module, pass: at, g, own: module > 0, cache: this.#cache.layer(module) })
      const next = this.#depths[module + 1]
      if (module > 0) endOf(ops, { index: span.index, length })
      if (next) {
        const offsets = { toOffset: -next.module, tokenOffset: next.module + 1 }
        ops.spanIndex({ sequence, from: next.length, to: sequence.length, ...offsets, rows, ...next.span })
        statesFrom(ops, { from: { x, index: at.index }, before: last, index: next.span.index, out: gathered, rows })
      }
      ops.gatherLast({ x, pass: at, out: last })
      if (next) [at, g] = [{ ...pass, ...next.span }, gathered]
    }
  }

  #recorded(levels: number, reach: number): DeviceDraft {
    const { noise } = this.session
    const key = `mtp draft ${levels} below ${reach}${noise ? ' with noise' : ''}`
    const program = this.#programs.get(key, (ops) => this.#draft(ops, levels, reach, noise))
    const parents = Array.from({ length: levels }, (_, node) => node - 1)
    return { programs: [program], nodes: levels, parents, q: noise !== null && !!this.session.q }
  }

  #draft(ops: Ops, levels: number, reach: number, noise: DraftNoise | null): void {
    const { tree, q } = this.session
    const { tokens } = tree
    const { vocab } = this.modules
    let x: Tensor | null = null
    for (const depth of this.#depths.slice(0, levels)) {
      const { module } = depth
      if (module > 0 || noise) this.#lay(ops, depth)
      if (module > 0) x = this.#step(ops, depth, reach, x)
      if (x && module > 1) ops.gatherRows({ x, indices: this.#rows, at: module - 1, rows: 1, out: this.#state })
      const state = module === 0 ? depth.last : module === 1 ? (x as Tensor) : this.#state
      const logits = this.modules.logits(ops, { module, x: state, rows: 1 })
      // In each module the entry at the position before the pending token's is the one that chooses.
      const pass = { rows: 1, first: module, reach, tokens, index: depth.draft }
      if (noise && q) keepDrawn(ops, { logits, vocab, rows: 1, first: module, q, ...noise })
      if (noise) ops.perturbLogits({ logits, vocab, pass, ahead: module + 2, ...noise })
      ops.argmax({ logits, vocab, rows: 1, out: tokens, at: 1 + module })
    }
  }

  /** The drafted tokens as a pass of a module, each at the position that its entry pairs it with. */
  #lay(ops: Ops, { module, draft: index }: Depth): void {
    const { sequence, tree } = this.session
    ops.setLength({ sequence, length: this.#base, offset: -module - 1 })
    ops.treeIndex({ tree, sequence: { ...sequence, length: this.#base }, index })
  }

  /** A module over the tokens drafted so far; `x` are the states that the module before it gave for all but the first of them. */
  #step(ops: Ops, { module, draft: index }: Depth, reach: number, x: Tensor | null): Tensor {
    const { tree } = this.session
    const { last: before, draft } = this.#depths[module - 1] as Depth
    const { gathered: out } = this.modules
    if (x) statesFrom(ops, { from: { x, index: draft }, before, index, out, rows: module })
    const pass = { rows: module, first: 1, reach, tokens: tree.tokens, index }
    return this.modules.step(ops, { module, pass, g: x ? out : before, own: true, cache: this.#cache.layer(module) })
  }
}
