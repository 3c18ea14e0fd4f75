import type { Backend, Budget, DeviceDraft, Draft, HostDraft, Program, TokenTree, TreeTensors } from '../spec'
import { checkTopology, checkTree, malformed, type TreeLimits, withinBudget } from '../tree'
import type { Computed } from '../verify'
import { type LaidCredit, layCredit, proposedTokens } from './credit'

/** A draft that stands on the device, at the latest when its programs have run. */
export interface LaidDraft {
  readonly programs: readonly Program[]
  /** How many at most, where only the device knows. */
  readonly nodes: number
  /** Whether the device may have left fewer. */
  readonly fewer: boolean
  /** Most tokens that acceptance keeps of it. */
  readonly levels: number
  readonly chain: boolean
  /** The tree where the host knows it. */
  readonly tree: TokenTree | null
  readonly credit: LaidCredit
  /** Layers that the draft's programs have run over its rows already. */
  readonly computed: Computed | null
  /** Proposals that a constraint cut off before they were verified. */
  readonly pruned: number
  /** Rows whose children's law the draft's programs leave in the session's `q`; a tree of the host has it with it. */
  readonly q: readonly number[]
}

/** A topology that was checked, and what follows from it. */
interface Topology {
  readonly parents: readonly number[]
  readonly levels: number
  /** Rows with children. */
  readonly above: readonly number[]
  /** Whether programs may leave fewer rows of it. */
  readonly fewer: boolean
}

type Levels = Omit<TreeLimits, 'vocab'>

const nothing: TokenTree = { tokens: [], parents: [] }

/** Checks drafts and lays them where the verifier reads them; a topology that stands there already is not written again. */
export class DraftLayer {
  /** What `tree.shape` holds; null once a program may have written another. */
  #laid: Topology | null = null
  /** Of the last draft: most rounds draft the same tree. */
  #last: Topology | null = null

  constructor(
    private readonly backend: Backend,
    private readonly device: TreeTensors,
    private readonly vocab: number,
    private readonly strategy: string,
  ) {}

  /** Throws `TREE_MALFORMED`, `TREE_TOO_LARGE`. */
  lay(draft: Draft, budget: Budget): LaidDraft {
    const limits = { ...budget, vocab: this.vocab }
    if (draft && 'programs' in draft) return this.#layDevice(draft, limits)
    return this.#layHost(draft ?? nothing, limits)
  }

  #layHost(tree: HostDraft, limits: TreeLimits): LaidDraft {
    checkTree(tree, limits, this.strategy)
    return this.#laidOut(tree, limits, layCredit(tree, tree.tokens.length, this.strategy), 0)
  }

  /**
   * Lays the nodes `kept` of `tree`, which is what `draft` came to, parents among them; rows move, so nothing that was computed by row
   * stays. `credit`: what its tensor holds.
   */
  prune(draft: LaidDraft, tree: TokenTree, kept: readonly number[], credit: ArrayBuffer | null): LaidDraft {
    const rows = new Map(kept.map((node, at) => [node, at]))
    const tokens = kept.map((node) => tree.tokens[node] as number)
    const parents = kept.map((node) => rows.get(tree.parents[node] as number) ?? -1)
    const { names } = draft.credit
    const all = credit ? Array.from(new Uint32Array(credit).subarray(1, tree.tokens.length + 1)) : draft.credit.words
    const words = all && kept.map((node) => all[node] as number)
    const before: LaidCredit = { names, words: all, tensor: null }
    const after: LaidCredit = { names, words, tensor: null }
    const pruned = proposedTokens(before, tree.tokens.length) - proposedTokens(after, kept.length)
    return this.#laidOut({ tokens, parents }, { nodes: kept.length, depth: kept.length }, after, pruned)
  }

  #laidOut(tree: TokenTree, limits: Levels, credit: LaidCredit, pruned: number): LaidDraft {
    const { tokens, parents } = tree
    const nodes = tokens.length
    if (nodes > 0) this.backend.write(this.device.tokens, Uint32Array.from(tokens), 1)
    const { levels } = this.#layShape(this.#topology(parents, limits, false))
    const chain = levels === nodes
    return { programs: [], nodes, fewer: false, levels, chain, tree, credit, computed: null, pruned, q: [] }
  }

  #layDevice(draft: DeviceDraft, limits: TreeLimits): LaidDraft {
    const { programs, nodes, parents, fewer = false, computed = null } = draft
    if (!Number.isInteger(nodes) || nodes < 0) malformed(this.strategy, `${nodes} nodes on the device`)
    withinBudget(this.strategy, 'nodes', nodes, limits.nodes)
    if (parents && parents.length !== nodes)
      malformed(this.strategy, `${nodes} nodes on the device with ${parents.length} parents`)
    const topology = parents && this.#topology(parents, limits, fewer)
    this.#layShape(topology)
    const credit = layCredit(draft, nodes, this.strategy)
    const { levels, above } = topology ?? {
      levels: Math.min(draft.levels ?? nodes, nodes, limits.depth),
      above: [...new Array(nodes).keys()],
    }
    const chain = topology !== null && levels === nodes
    return { programs, nodes, fewer, levels, chain, tree: null, credit, computed, pruned: 0, q: draft.q ? above : [] }
  }

  #topology(parents: readonly number[], limits: Levels, fewer: boolean): Topology {
    const last = this.#last
    if (last?.fewer === fewer && last.levels <= limits.depth && equal(last.parents, parents)) return last
    const levels = checkTopology(parents, limits, this.strategy)
    const above = [...new Set(parents)].map((parent) => parent + 1)
    this.#last = { parents: [...parents], levels, above, fewer }
    return this.#last
  }

  /** null: programs write it. */
  #layShape<T extends Topology | null>(topology: T): T {
    if (topology && topology !== this.#laid) {
      const { parents } = topology
      this.backend.write(
        this.device.shape,
        Uint32Array.from([parents.length, ...parents], (word) => word + 1),
      )
    }
    this.#laid = topology
    return topology
  }
}

function equal(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((parent, node) => parent === other[node])
}
