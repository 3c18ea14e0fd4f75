import { DraftLayer, type LaidCredit, layCredit, type NamedStrategy } from '../decode'
import { Programs } from '../model'
import type { Owned } from '../owned'
import type {
  Budget,
  DeviceDraft,
  Draft,
  HostDraft,
  Program,
  SessionView,
  Strategy,
  Tensor,
  TreeTensors,
} from '../spec'
import { MAX_TREE_ROWS } from '../spec'
import { checkTree } from '../tree'
import { mergeHost, movedBits } from './merge-host'
import { mergeTree } from './merge-tree'
import { Composition, compose, credited, type Part } from './parts'

/** Shares above this are multiples of it, where another part's draft makes them vary. */
const step = 8

/**
 * Several strategies draft one tree each round: beginnings that are the same become the same nodes, and a token is credited to every
 * part that proposed it. The budget's nodes are shared: each part in turn is offered an equal share of what those before it left.
 * Every part sees every outcome. Trees are merged on the host where all parts drafted there, and on the device otherwise, within
 * the round's one submission. Throws `INVALID_OPTION` without parts, `STRATEGY_DUPLICATE` where two have one name; at load what
 * the parts throw.
 *
 * @example
 * ```ts
 * import { merged } from '@outrider/core'
 * import { lookup } from '@outrider/strategy-draft'
 * import { eagle } from '@outrider/strategy-eagle'
 *
 * const strategy = merged(lookup({ minNgram: 2, tokens: 6 }), eagle({ head: './models/stories-5m/eagle3', tree: {} }))
 * ```
 */
export function merged(...parts: readonly Strategy[]): Strategy {
  return compose('merged', parts, (loaded, session, host) => new Merged(loaded, session, host.target.config.vocab))
}

/** What a part proposed, checked; a tree of programs lies in the part's own tensors once they have run. */
interface Proposed {
  readonly part: Part
  /** Number of the part. */
  readonly at: number
  readonly draft: HostDraft | DeviceDraft
  readonly nodes: number
  readonly credit: LaidCredit
}

class Merged extends Composition {
  /** Where each part drafts. */
  readonly #trees: readonly TreeTensors[]
  readonly #layers: readonly DraftLayer[]
  /** u32 [MAX_TREE_ROWS] by row of the session's tree. */
  readonly #credit: Tensor
  readonly #programs: Programs
  /** Credits of nested compositions, numbered for the programs' keys. */
  readonly #words: Tensor[] = []

  constructor(
    parts: readonly NamedStrategy[],
    private readonly session: SessionView,
    private readonly vocab: number,
  ) {
    const trees: TreeTensors[] = []
    super(parts, (owned) => {
      const tree = treeOf(session, owned)
      trees.push(tree)
      return viewWith(session, tree)
    })
    const { backend } = session
    this.#trees = trees
    this.#layers = trees.map((tree, at) => new DraftLayer(backend, tree, vocab, (this.parts[at] as Part).name))
    try {
      this.#credit = this.owned.add(backend.tensor([MAX_TREE_ROWS], 'u32', 'merged credit'))
      this.#programs = this.owned.add(new Programs(backend))
    } catch (error) {
      this.owned.dispose()
      throw error
    }
  }

  async propose(budget: Budget): Promise<Draft> {
    const proposed = await this.#ask(budget)
    const [first] = proposed
    const alone = proposed.length === 1
    this.speaker = alone && first ? first.part : null
    if (!first) return null
    if (alone) return this.#passedOn(first)
    return this.#merge(proposed)
  }

  /** Asks the parts in turn. So nothing that was drafted is too much. */
  async #ask(budget: Budget): Promise<readonly Proposed[]> {
    const proposed: Proposed[] = []
    let left = budget.nodes
    for (const [at, part] of this.parts.entries()) {
      if (left === 0) break
      const offered = { ...budget, nodes: share(left, this.parts.length - at, left === budget.nodes) }
      const draft = await this.ask(part, offered)
      if (!draft) continue
      const found = this.#checked(part, at, draft, offered)
      proposed.push(found)
      left -= found.nodes
    }
    return proposed
  }

  #checked(part: Part, at: number, draft: HostDraft | DeviceDraft, offered: Budget): Proposed {
    if ('programs' in draft) {
      const { nodes, credit } = (this.#layers[at] as DraftLayer).lay(draft, offered)
      return { part, at, draft, nodes, credit }
    }
    checkTree(draft, { ...offered, vocab: this.vocab }, part.name)
    const nodes = draft.tokens.length
    return { part, at, draft, nodes, credit: layCredit(draft, nodes, part.name) }
  }

  /** The only draft is the round's, as it is: its rows keep their numbers. */
  #passedOn({ part, at, draft }: Proposed): Draft {
    if (!('programs' in draft)) return credited(draft, part)
    const copy = this.#into(at, { bits: [0], words: null, fresh: true })
    return credited({ ...draft, programs: [...draft.programs, copy] }, part)
  }

  /** A part's `computed` is dropped: its rows are other ones in the merged tree. */
  #merge(proposed: readonly Proposed[]): Draft {
    const names = [...new Set(proposed.flatMap(({ credit }) => credit.names))]
    const bitsOf = ({ credit }: Proposed) => credit.names.map((name) => names.indexOf(name))
    const trees = proposed.flatMap((each) => {
      const { draft, credit, nodes } = each
      if ('programs' in draft) return []
      const words = credit.words ?? new Array<number>(nodes).fill(1)
      return [{ tree: draft, words: words.map((word) => movedBits(word, bitsOf(each))) }]
    })
    const onHost = mergeHost(trees, names)
    if (trees.length === proposed.length) return onHost
    const programs: Program[] = []
    const merges: Program[] = []
    for (const each of proposed) {
      const { at, draft, credit } = each
      if (!('programs' in draft)) continue
      programs.push(...draft.programs)
      const fresh = trees.length === 0 && merges.length === 0
      merges.push(this.#into(at, { bits: bitsOf(each), words: credit.tensor, fresh }))
    }
    if (trees.length > 0) this.#write(onHost)
    const nodes = proposed.reduce((sum, each) => sum + each.nodes, 0)
    return { programs: [...programs, ...merges], nodes, parents: null, by: { names, of: this.#credit } }
  }

  /** Merges what part `at` drafted into the session's tree. */
  #into(at: number, how: { bits: readonly number[]; words: Tensor | null; fresh: boolean }): Program {
    const { bits, words, fresh } = how
    if (words && !this.#words.includes(words)) this.#words.push(words)
    const credited = words ? `credit ${this.#words.indexOf(words)}` : 'all'
    return this.#programs.get(`merge ${at} ${fresh ? 'first' : 'next'} as ${bits} of ${credited}`, (ops) => {
      const { tree: into, maxRows } = this.session
      mergeTree(ops, { ...how, from: this.#trees[at] as TreeTensors, into, credit: this.#credit, maxRows })
    })
  }

  /** What was drafted on the host stands in the session's tree before the device's is merged into it. */
  #write({ tokens, parents, by }: ReturnType<typeof mergeHost>): void {
    const { backend, tree } = this.session
    backend.write(tree.tokens, Uint32Array.from(tokens), 1)
    backend.write(tree.shape, Uint32Array.from([tokens.length + 1, ...parents.map((parent) => parent + 1)]))
    backend.write(this.#credit, Uint32Array.from(by.of), 1)
  }
}

/**
 * What a part is offered of `left` nodes. Where the parts before it took some, a share is rounded down: a drafter on the device
 * records a program for each size that it is asked for, and a lookup takes another number of nodes each round.
 */
function share(left: number, parts: number, untouched: boolean): number {
  const equal = Math.max(1, Math.floor(left / parts))
  return untouched || equal < step ? equal : equal - (equal % step)
}

function treeOf({ backend }: SessionView, owned: Owned): TreeTensors {
  const words = (label: string) => owned.add(backend.tensor([MAX_TREE_ROWS], 'u32', label))
  return { tokens: words('part tokens'), shape: words('part shape') }
}

/** The session with another tree. What is live stays so. */
function viewWith(session: SessionView, tree: TreeTensors): SessionView {
  return {
    ...session,
    get tokens() {
      return session.tokens
    },
    get noise() {
      return session.noise
    },
    tree,
  }
}
