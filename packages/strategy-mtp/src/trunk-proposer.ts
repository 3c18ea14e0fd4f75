import {
  type Budget,
  type Committed,
  createKvCache,
  type DeviceDraft,
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
import { pickStates, type TargetState } from './target-state'
import type { TrunkHeads } from './trunk-heads'

/** Drafts with heads that do not see one another's choices, each with keys and values of its own over the trunk's states. */
export class TrunkProposer implements Proposer {
  readonly #owned = new Owned()
  readonly #programs: Programs
  readonly #feed: FeatureFeed
  readonly #cache: KvCache
  /** State of each head after the last committed position, f32 [heads, hidden]. */
  readonly #last: Tensor
  readonly #ids: Tensor

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
      this.#ids = this.#owned.add(backend.tensor([count * choices], 'u32', 'mtp choices'))
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
    const tree = headTree(this.paths, nodes, depth)
    const program = this.#programs.get(`mtp draft ${tree.parents}`, (ops) => this.#draft(ops, tree))
    return { programs: [program], nodes: tree.parents.length, parents: tree.parents }
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

  #draft(ops: Ops, { heads: rows, choices: k, order }: HeadTree): void {
    const { backend, tree } = this.session
    const { tokens } = tree
    const logits = this.heads.logits(ops, { x: this.#last, rows })
    const inPlace = order.every((place, node) => place === node)
    const { vocab } = this.heads
    ops.topK({ logits, vocab, rows, k, ...(inPlace ? { ids: tokens, at: 1 } : { ids: this.#ids }) })
    if (inPlace) return
    const places = this.#owned.add(backend.tensor([order.length], 'u32', 'mtp tree order'))
    backend.write(places, Uint32Array.from(order))
    placeTokens(ops, { ids: this.#ids, order: places, from: 0, map: null, tokens, to: 1, count: order.length })
  }
}
