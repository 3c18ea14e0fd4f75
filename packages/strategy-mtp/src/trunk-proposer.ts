import {
  type Budget,
  type Committed,
  createKvCache,
  type DeviceDraft,
  type DraftNoise,
  DraftsByTree,
  FeatureFeed,
  type Follow,
  type HeadTree,
  headTree,
  type KvCache,
  type Ops,
  Owned,
  type Program,
  Programs,
  type Proposer,
  placeTokens,
  type RankPaths,
  type SessionView,
  type Tensor,
} from '@outrider/core'
import { INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { pickStates, type TargetState } from './target-state'
import type { TrunkHeads } from './trunk-heads'

/**
 * Drafts with heads that do not see one another's choices, each with keys and values of its own over the trunk's states. Where the
 * target samples, a head's choices are draws with the session's noise at the position of its token, without replacement.
 */
export class TrunkProposer implements Proposer {
  readonly ahead = true
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #programs: Programs
  readonly #feed: FeatureFeed
  readonly #cache: KvCache
  /** State of each head after the last committed position, f32 [heads, hidden]. */
  readonly #last: Tensor
  readonly #ids: Tensor
  readonly #drafts = new DraftsByTree<DeviceDraft>()
  /** A row for each head, at the position before its token's. */
  readonly #span: { readonly tokens: Tensor; readonly index: Tensor }

  constructor(
    private readonly session: SessionView,
    private readonly heads: TrunkHeads,
    reads: TargetState,
    private readonly paths: RankPaths,
  ) {
    const { backend, slots } = session
    const { model, modules } = heads.weights
    const { heads: count, choices } = headTree(paths, paths.length, modules.length)
    try {
      this.#programs = this.#owned.add(new Programs(backend))
      this.#cache = this.#owned.add(createKvCache(backend, { ...model, layers: modules.length }, slots, 'mtp'))
      this.#last = this.#owned.add(backend.tensor([modules.length, model.hidden], 'f32', 'mtp states'))
      const words = (length: number, what: string) => this.#owned.add(backend.tensor([length], 'u32', `mtp ${what}`))
      this.#ids = words(count * choices, 'choices')
      this.#span = { tokens: words(MAX_TREE_ROWS, 'span'), index: words(INDEX.words, 'span index') }
      this.#feed = this.#owned.add(
        new FeatureFeed(session, 'mtp', reads, (ops, { pass, ...fed }) => {
          const g = pickStates(ops, fed, heads.gathered)
          heads.step(ops, { pass, g, cache: this.#cache, last: this.#last })
        }),
      )
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  propose({ nodes, depth }: Budget): DeviceDraft | null {
    if (!this.#feed.ready) return null
    const { noise } = this.session
    return this.#drafts.get(this.paths, nodes, depth, noise, () => {
      const tree = headTree(this.paths, nodes, depth)
      const key = `mtp draft ${tree.parents}${noise ? ' with noise' : ''}`
      const program = this.#programs.get(key, (ops) => this.#draft(ops, tree, noise))
      return { programs: [program], nodes: tree.parents.length, parents: tree.parents }
    })
  }

  follow(follow: Follow): readonly Program[] {
    return this.#feed.follow(follow)
  }

  observe(committed: Committed): void {
    this.#feed.observe(committed)
  }

  truncate(length: number): number {
    return this.#feed.truncate(length)
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #draft(ops: Ops, { heads: rows, choices: k, order }: HeadTree, noise: DraftNoise | null): void {
    const { backend, sequence, tree } = this.session
    const { tokens } = tree
    const logits = this.heads.logits(ops, { x: this.#last, rows })
    const inPlace = order.every((place, node) => place === node)
    const { vocab } = this.heads
    if (noise) {
      const { length } = sequence
      ops.spanIndex({ sequence, from: length, to: length, toOffset: rows, rows, ...this.#span })
      ops.perturbLogits({ logits, vocab, pass: { rows, first: 0, ...this.#span }, ...noise })
    }
    ops.topK({ logits, vocab, rows, k, ...(inPlace ? { ids: tokens, at: 1 } : { ids: this.#ids }) })
    if (inPlace) return
    const places = this.#owned.add(backend.tensor([order.length], 'u32', 'mtp tree order'))
    backend.write(places, Uint32Array.from(order))
    placeTokens(ops, { ids: this.#ids, order: places, from: 0, map: null, tokens, to: 1, count: order.length })
  }
}
