import { OutriderError } from '../errors'
import type { Backend, Budget, DeviceDraft, Draft, HostDraft, Program, TokenTree, TreeTensors } from '../spec'
import { checkTopology, checkTree, depths, isChain, type TreeLimits } from '../tree'
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

const nothing: TokenTree = { tokens: [], parents: [] }

/** Checks drafts and lays them where the verifier reads them; a topology that stands there already is not written again. */
export class DraftLayer {
  /** Topology that `tree.shape` holds; null once a program may have written another. */
  #laid: string | null = null

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
    const nodes = tree.tokens.length
    if (nodes > 0) this.backend.write(this.device.tokens, Uint32Array.from(tree.tokens), 1)
    this.#layShape(tree.parents)
    const credit = layCredit(tree, nodes, this.strategy)
    return {
      programs: [],
      nodes,
      fewer: false,
      levels: levelsOf(tree.parents),
      chain: isChain(tree.parents),
      tree,
      credit,
      computed: null,
      pruned: 0,
      q: [],
    }
  }

  /**
   * Lays the nodes `kept` of `tree`, which is what `draft` came to, parents among them; rows move, so nothing that was computed by row
   * stays. `credit`: what its tensor holds.
   */
  prune(draft: LaidDraft, tree: TokenTree, kept: readonly number[], credit: ArrayBuffer | null): LaidDraft {
    const rows = new Map(kept.map((node, at) => [node, at]))
    const tokens = kept.map((node) => tree.tokens[node] as number)
    const parents = kept.map((node) => rows.get(tree.parents[node] as number) ?? -1)
    if (tokens.length > 0) this.backend.write(this.device.tokens, Uint32Array.from(tokens), 1)
    this.#layShape(parents)
    const { names } = draft.credit
    const all = credit ? Array.from(new Uint32Array(credit).subarray(1, tree.tokens.length + 1)) : draft.credit.words
    const words = all && kept.map((node) => all[node] as number)
    const before: LaidCredit = { names, words: all, tensor: null }
    const after: LaidCredit = { names, words, tensor: null }
    const pruned = proposedTokens(before, tree.tokens.length) - proposedTokens(after, kept.length)
    const chain = isChain(parents)
    return {
      programs: [],
      nodes: kept.length,
      fewer: false,
      levels: levelsOf(parents),
      chain,
      tree: { tokens, parents },
      credit: after,
      computed: null,
      pruned,
      q: [],
    }
  }

  #layDevice(draft: DeviceDraft, limits: TreeLimits): LaidDraft {
    const { programs, nodes, parents, fewer = false, computed = null } = draft
    if (!Number.isInteger(nodes) || nodes < 0 || nodes > limits.nodes)
      throw new OutriderError(
        'TREE_TOO_LARGE',
        `strategy ${this.strategy} drafted ${nodes} nodes on the device, but the budget of this round is ${limits.nodes}: respect budget.nodes`,
        { details: { strategy: this.strategy, nodes, limit: limits.nodes } },
      )
    if (parents) {
      if (parents.length !== nodes)
        throw new OutriderError(
          'TREE_MALFORMED',
          `strategy ${this.strategy} drafted ${nodes} nodes on the device with ${parents.length} parents`,
          { details: { strategy: this.strategy, nodes, parents: parents.length } },
        )
      checkTopology(parents, limits, this.strategy)
    }
    this.#layShape(parents, fewer)
    const credit = layCredit(draft, nodes, this.strategy)
    const chain = parents !== null && isChain(parents)
    const drawn = parents
      ? [...new Set(parents)].map((parent) => parent + 1)
      : Array.from({ length: nodes }, (_, row) => row)
    const q = draft.q ? drawn : []
    const levels = parents ? levelsOf(parents) : Math.min(draft.levels ?? nodes, nodes, limits.depth)
    return { programs, nodes, fewer, levels, chain, tree: null, credit, computed, pruned: 0, q }
  }

  /** null: programs write the topology; `fewer`: they write how many rows of it there are. */
  #layShape(parents: readonly number[] | null, fewer = false): void {
    const key = parents && `${parents.join()}${fewer ? ' at most' : ''}`
    if (parents && key !== this.#laid)
      this.backend.write(
        this.device.shape,
        Uint32Array.from([parents.length + 1, ...parents.map((parent) => parent + 1)]),
      )
    this.#laid = key
  }
}

function levelsOf(parents: readonly number[]): number {
  return depths(parents).reduce((most, depth) => Math.max(most, depth), 0)
}
