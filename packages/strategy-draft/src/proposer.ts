import {
  type Budget,
  type Committed,
  type DecoderModel,
  type DeviceDraft,
  type DraftNoise,
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
import { INDEX, MAX_PATH, MAX_TREE_ROWS } from '@outrider/core/spec'
import { type Topology, topology } from './options'

/** Rows that bring the draft's cache up to the pending token: that one, and the last draft token after a full accept. */
const catchUp = 2

/**
 * Drafts with a model of its own, whose cache lives on the device and follows by itself: the accepted path is compacted there,
 * and after a full accept the last draft token, which was never fed, is fed first in the next round. Where the target samples, it
 * draws with the session's noise, and tells rules that ask from what (`DeviceDraft.q`).
 */
export class DraftModelProposer implements Proposer {
  readonly ahead = true
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #cache: KvCache
  /** u32 [1]: entries of the draft's cache that are committed. */
  readonly #length: Tensor
  readonly #span: { readonly tokens: Tensor; readonly index: Tensor }
  readonly #treeIndex: Tensor
  readonly #last: Tensor
  readonly #programs: Programs
  #held = 0
  #drafted: Topology = { parents: [], levels: [] }
  /** Tokens that rounds which were followed and not observed yet commit at most, in order. */
  #unread: number[] = []

  constructor(
    private readonly session: SessionView,
    private readonly model: DecoderModel,
    private readonly children: readonly number[],
  ) {
    const { backend, slots } = session
    const words = (count: number, label: string) => this.#owned.add(backend.tensor([count], 'u32', label))
    try {
      this.#cache = this.#owned.add(model.cache(slots, 'draft'))
      this.#length = words(1, 'draft length')
      this.#span = { tokens: words(MAX_TREE_ROWS, 'draft span'), index: words(INDEX.words, 'draft span index') }
      this.#treeIndex = words(INDEX.words, 'draft tree index')
      this.#last = this.#owned.add(backend.tensor([1, model.config.hidden], 'f32', 'draft last row'))
      this.#programs = this.#owned.add(new Programs(backend))
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  propose(budget: Budget): DeviceDraft | null {
    const tree = topology(this.children, budget.nodes, budget.depth)
    if (tree.levels.length === 0) return null
    this.#drafted = tree
    const { noise } = this.session
    const unread = this.#unread.reduce((sum, most) => sum + most, 0)
    // The pending token may be one position further than what is held.
    const reach = passReach(this.#held + unread + catchUp + tree.parents.length)
    const key = `draft ${tree.levels.length} levels below ${reach}${noise ? ' with noise' : ''}`
    const program = this.#programs.get(key, (ops) => this.#draft(ops, tree, noise, reach))
    const q = noise !== null && !!this.session.q
    return { programs: [program], nodes: tree.parents.length, parents: tree.parents, q }
  }

  follow({ kind, pass, own, chain, levels }: Follow): readonly Program[] {
    if (kind === 'round') this.#unread.push(levels + 1)
    if (own)
      return [this.#programs.get(`draft commit ${this.#fed} ${chain}`, (ops) => this.#commit(ops, this.#fed, chain))]
    if (kind === 'prefill') return [this.#followed(pass.rows, pass)]
    const rows = levels + catchUp
    if (rows <= Math.min(this.session.maxRows, MAX_PATH)) return [this.#followed(rows, pass)]
    // One row more than a pass holds: the oldest goes first. There is one, for every round commits at least that.
    const one = this.#programs.get(`draft follow one below ${pass.reach}`, (ops) => this.#followOne(ops, pass))
    return [one, this.#followed(rows - 1, pass)]
  }

  observe({ length, accepted, own }: Committed): void {
    const most = this.#unread.shift() ?? 0
    // The last level was never fed.
    const missing = own ? accepted - Math.min(accepted, most - 2) : 0
    this.#held = length - missing
  }

  truncate(length: number): number {
    this.#unread = []
    this.#held = Math.min(this.#held, length)
    this.session.backend.write(this.#length, Uint32Array.of(this.#held))
    return this.#held
  }

  dispose(): void {
    this.#owned.dispose()
  }

  /** Rows of the last draft's tree whose keys are in the cache: all but the last level. */
  get #fed(): number {
    return 1 + (this.#drafted.levels.at(-1)?.first ?? 0)
  }

  #draft(ops: Ops, { levels }: Topology, noise: DraftNoise | null, reach: number): void {
    const { sequence, tree } = this.session
    const [first, ...deeper] = levels as readonly [Topology['levels'][number], ...Topology['levels']]
    const below = { reach, tokens: tree.tokens, index: this.#treeIndex }
    const start: Pass = { rows: catchUp, first: 0, reach, ...this.#span }
    ops.spanIndex({ sequence, from: this.#length, to: sequence.length, toOffset: 1, rows: catchUp, ...this.#span })
    const x = this.model.forward(ops, { pass: start, cache: this.#cache })
    ops.gatherLast({ x, pass: start, out: this.#last })
    if (noise || deeper.length > 0) ops.treeIndex({ tree, sequence, index: this.#treeIndex })
    this.#choose(ops, this.#last, { rows: 1, first: 0, ...below }, first, noise)
    deeper.forEach((level, above) => {
      const parents = levels[above] as Topology['levels'][number]
      const pass: Pass = { rows: parents.count, first: parents.first + 1, ...below }
      this.#choose(ops, this.model.forward(ops, { pass, cache: this.#cache }), pass, level, noise)
    })
  }

  /** The best children of each row of `pass`, with the session's noise where there is some, become the tokens of `level`. */
  #choose(ops: Ops, x: Tensor, pass: Pass, level: Topology['levels'][number], noise: DraftNoise | null): void {
    const { vocab } = this.model.config
    const { rows } = pass
    const logits = this.model.logits(ops, { x, rows })
    const { q } = this.session
    if (noise && q) keepDrawn(ops, { logits, vocab, rows, first: pass.first, q, ...noise })
    if (noise) ops.perturbLogits({ logits, vocab, pass, ...noise })
    const at = level.first + 1
    if (level.children === 1) ops.argmax({ logits, vocab, rows, out: this.session.tree.tokens, at })
    else ops.topK({ logits, vocab, rows, k: level.children, ids: this.session.tree.tokens, at })
  }

  #commit(ops: Ops, fed: number, chain: boolean): void {
    const { outcome } = this.session
    if (!chain) this.#cache.compact(ops, outcome, fed)
    ops.commitLength({ outcome, length: this.#length, fed })
  }

  /** Feeds what was committed without this draft: a chunk of the prompt, or a round's tokens, at most `rows`. */
  #followed(rows: number, pass: Pass): Program {
    return this.#programs.get(`draft follow ${rows} below ${pass.reach}`, (ops) => {
      const { sequence } = this.session
      this.#feed(ops, rows, pass)
      ops.setLength({ sequence, length: this.#length, offset: 0 })
    })
  }

  #followOne(ops: Ops, pass: Pass): void {
    const { history } = this.session.sequence
    this.#feed(ops, 1, pass)
    ops.setLength({ sequence: { history, length: this.#length }, length: this.#length, offset: 1 })
  }

  #feed(ops: Ops, rows: number, { reach }: Pass): void {
    const { sequence } = this.session
    ops.spanIndex({ sequence, from: this.#length, to: sequence.length, toOffset: 0, rows, ...this.#span })
    this.model.forward(ops, { pass: { rows, first: 0, ...(reach && { reach }), ...this.#span }, cache: this.#cache })
  }
}
