import { createKvCache } from '../cache'
import { Programs, passReach } from '../model'
import { Owned } from '../owned'
import type {
  Budget,
  Committed,
  DeviceDraft,
  Follow,
  KvCache,
  Program,
  Proposer,
  SessionView,
  ShapeLimits,
  Tensor,
} from '../spec'
import { INDEX } from '../spec'
import type { Drafter, DraftPlan } from './drafter'
import { FeatureFeed } from './feature-feed'
import type { FeatureHead } from './feature-head'

/**
 * Drafts with a head that is fed hidden states (`FeatureHead`): the state of the last entry that was fed is kept, and the next draft
 * begins with it. Drafted tokens are fed the head's own states, in slots behind the committed ones.
 *
 * @example
 * ```ts
 * import { type FeatureHead, FeatureProposer, type SessionView, StaticDrafter, uniformPaths } from '@outrider/core'
 *
 * export const start = (session: SessionView, head: FeatureHead) =>
 *   new FeatureProposer(session, head, new StaticDrafter(session, head, uniformPaths([1, 1, 1], 'mine')))
 * ```
 */
export class FeatureProposer implements Proposer {
  readonly ahead = true
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #programs: Programs
  readonly #feed: FeatureFeed
  readonly #cache: KvCache
  /** u32 [1]: the last committed entry, row 0 of a draft. */
  readonly #base: Tensor
  readonly #index: Tensor
  /** State of the last committed entry, f32 [1, width]. */
  readonly #last: Tensor
  readonly #drafts: { readonly key: string; readonly reach: number; readonly draft: DeviceDraft }[] = []

  /** `rows`: provisional rows of the largest draft, row 0 included. The drafter is disposed of with it. Throws `OUT_OF_MEMORY`. */
  constructor(
    private readonly session: SessionView,
    head: FeatureHead,
    private readonly drafter: Drafter,
    rows: number = session.maxRows,
  ) {
    const { backend, slots, maxRows } = session
    const { label } = head
    const words = (count: number, what: string) => this.#owned.add(backend.tensor([count], 'u32', `${label} ${what}`))
    this.#owned.add(drafter)
    try {
      const own = slots - maxRows + Math.max(maxRows, rows)
      this.#programs = this.#owned.add(new Programs(backend))
      this.#cache = this.#owned.add(createKvCache(backend, head.cache, own, label))
      this.#base = words(1, 'base')
      this.#index = words(INDEX.words, 'tree index')
      this.#last = this.#owned.add(backend.tensor([1, head.width], 'f32', `${label} state`))
      this.#feed = this.#owned.add(
        new FeatureFeed(session, label, head.reads, (ops, { pass, ...fed }) => {
          const x = head.step(ops, { pass, g: head.features(ops, fed), own: false, cache: this.#cache })
          ops.gatherLast({ x, pass, out: this.#last })
        }),
      )
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  get shapes(): ShapeLimits | null {
    return this.drafter.shapes ?? null
  }

  propose({ nodes, depth, paths }: Budget): DeviceDraft | null {
    if (!this.#feed.ready) return null
    const plan = this.drafter.plan(nodes, depth, paths)
    const { key } = plan
    const reach = passReach(this.#feed.mostTokens + plan.levels)
    const known = this.#drafts.find((each) => each.reach === reach && each.key === key)
    if (known) return known.draft
    const draft = this.#draft(plan, reach)
    this.#drafts.push({ key, reach, draft })
    return draft
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

  #draft(plan: DraftPlan, reach: number): DeviceDraft {
    const { key, nodes, levels, parents, q = false } = plan
    const program = this.#programs.get(`${key} below ${reach}`, (ops) => {
      const { sequence } = this.session
      ops.setLength({ sequence, length: this.#base, offset: -1 })
      plan.record(ops, { last: this.#last, index: this.#index, base: this.#base, cache: this.#cache, reach })
    })
    return { programs: [program], nodes, levels, parents, q }
  }
}
