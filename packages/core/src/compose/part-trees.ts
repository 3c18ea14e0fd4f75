import { DraftLayer, type LaidCredit, layCredit, type NamedStrategy } from '../decode'
import { Programs } from '../model'
import type { Owned } from '../owned'
import type { Budget, DeviceDraft, Draft, HostDraft, Program, SessionView, Tensor, TreeTensors } from '../spec'
import { MAX_TREE_ROWS } from '../spec'
import { checkTree, depths } from '../tree'
import { type MergedDraft, mergeHost, movedBits } from './merge-host'
import { type MergedTree, mergeTree } from './merge-tree'
import { Composition, credited, inTurn, type Part, type Questions } from './parts'

/** What a part proposed, checked; a tree of programs lies in the part's own tensors once they have run. */
export interface Proposed {
  readonly part: Part
  /** Number of the part. */
  readonly at: number
  readonly draft: HostDraft | DeviceDraft
  readonly nodes: number
  readonly levels: number
  readonly credit: LaidCredit
}

/** How a part's tree is taken into the session's; `onto`: the part whose tree is laid there first, and its bit. */
interface Into extends Pick<MergedTree, 'bits' | 'words' | 'place'> {
  readonly onto?: { readonly at: number; readonly bit: number }
}

/** A composition of which each part drafts into a tree of its own, and which makes one tree of them. */
export abstract class PartTrees extends Composition {
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
      this.#credit = this.owned.add(backend.tensor([MAX_TREE_ROWS], 'u32', 'credit of parts'))
      this.#programs = this.owned.add(new Programs(backend))
    } catch (error) {
      this.owned.dispose()
      throw error
    }
  }

  propose(budget: Budget): Draft | Promise<Draft> {
    return inTurn(this.#drafted(budget))
  }

  /** Asks parts for what the round's tree is to be made of. */
  protected abstract ask(budget: Budget): Questions<readonly Proposed[]>

  /** Makes one tree of several. */
  protected abstract join(proposed: readonly Proposed[]): Draft

  /** The draft of part `at`, checked; null where it has nothing to say. */
  protected *draftOf(at: number, offered: Budget): Questions<Proposed | null> {
    const part = this.parts[at] as Part
    const draft = yield this.request(part, offered)
    if (!draft) return null
    if ('programs' in draft) {
      const { nodes, levels, credit } = (this.#layers[at] as DraftLayer).lay(draft, offered)
      return { part, at, draft, nodes, levels, credit }
    }
    checkTree(draft, { ...offered, vocab: this.vocab }, part.name)
    const nodes = draft.tokens.length
    const levels = Math.max(...depths(draft.parents))
    return { part, at, draft, nodes, levels, credit: layCredit(draft, nodes, part.name) }
  }

  /**
   * One tree on the device of `nodes` nodes at most: the host's drafts, merged, then those of the device, taken into it one after the
   * other, `place` of what is there already.
   */
  protected onDevice(proposed: readonly Proposed[], place: 'before' | 'beside', nodes: number): DeviceDraft {
    const names = namesOf(proposed)
    const host = mergedOnHost(proposed, names)
    const bare = host.tokens.length === 0
    if (!bare) this.#write(host)
    const device = proposed.filter((each) => !onHost(each))
    const [base, second] = device
    // The first of two is laid by the dispatch that takes the second into it, unless its credit has to be gone through.
    const onto = bare && base && second && !base.credit.tensor ? base : null
    const programs = device.flatMap(({ draft }) => ('programs' in draft ? [...draft.programs] : []))
    const merges = (onto ? device.slice(1) : device).map(({ at, credit }, i) => {
      const how = { bits: bitsOf(credit, names), words: credit.tensor }
      if (i > 0 || !bare) return this.#into(at, { ...how, place })
      if (!onto) return this.#into(at, { ...how, place: 'first' })
      const [bit = 0] = bitsOf(onto.credit, names)
      return this.#into(at, { ...how, place, onto: { at: onto.at, bit } })
    })
    const levels = Math.max(...proposed.map((each) => each.levels))
    return { programs: [...programs, ...merges], nodes, levels, parents: null, by: { names, of: this.#credit } }
  }

  *#drafted(budget: Budget): Questions<Draft> {
    const proposed = yield* this.ask(budget)
    const [only] = proposed
    const alone = proposed.length === 1
    this.speaks(alone && only ? only.part : null)
    if (!only) return null
    return alone ? this.#passedOn(only) : this.join(proposed)
  }

  /** Lays a tree of the host where those of the device are taken into. */
  #write({ tokens, parents, by }: MergedDraft): void {
    const { backend, tree } = this.session
    backend.write(tree.tokens, Uint32Array.from(tokens), 1)
    backend.write(tree.shape, Uint32Array.from([tokens.length + 1, ...parents.map((parent) => parent + 1)]))
    backend.write(this.#credit, Uint32Array.from(by.of), 1)
  }

  /** The only draft is the round's, as it is: its rows keep their numbers. */
  #passedOn({ part, at, draft }: Proposed): Draft {
    if (!('programs' in draft)) return credited(draft, part)
    const copy = this.#into(at, { bits: [0], words: null, place: 'first' })
    return credited({ ...draft, programs: [...draft.programs, copy] }, part)
  }

  /** Takes what part `at` drafted into the session's tree. */
  #into(at: number, how: Into): Program {
    const { bits, words, place, onto } = how
    if (words && !this.#words.includes(words)) this.#words.push(words)
    const by = words ? `credit ${this.#words.indexOf(words)}` : 'all'
    const base = onto && `${onto.at} as ${onto.bit}`
    return this.#programs.get(`merge ${at} ${place} as ${bits} of ${by} onto ${base}`, (ops) => {
      const { tree: into, maxRows } = this.session
      const [from, under] = [at, onto?.at].map((part) => this.#trees[part ?? -1]) as [TreeTensors, TreeTensors?]
      const held = onto && under && { onto: { tree: under, bit: onto.bit } }
      mergeTree(ops, { bits, words, place, from, into, credit: this.#credit, maxRows, ...held })
    })
  }
}

/** Whether a draft is the host's. */
export function onHost({ draft }: Proposed): boolean {
  return !('programs' in draft)
}

/** One tree of those drafts that are the host's, credited node by node among `names`. */
export function mergedOnHost(proposed: readonly Proposed[], names: readonly string[] = namesOf(proposed)): MergedDraft {
  const trees = proposed.flatMap(({ draft, credit, nodes }) => {
    if ('programs' in draft) return []
    const words = credit.words ?? new Array<number>(nodes).fill(1)
    return [{ tree: draft, words: words.map((word) => movedBits(word, bitsOf(credit, names))) }]
  })
  return mergeHost(trees, names)
}

/** Everyone who drafted. */
function namesOf(proposed: readonly Proposed[]): readonly string[] {
  return [...new Set(proposed.flatMap(({ credit }) => credit.names))]
}

function bitsOf(credit: LaidCredit, names: readonly string[]): readonly number[] {
  return credit.names.map((name) => names.indexOf(name))
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
