import type { RankPaths } from '../tree/rank-paths'
import type { TokenTree } from '../tree/tree'
import type { Program } from './backend'
import type { Tensor } from './tensor'

/** How much may be drafted in this round. */
export interface Budget {
  /** Most nodes of the tree; 1 to 255. */
  readonly nodes: number
  /** Most levels below the pending token; 1 to 63. */
  readonly depth: number
  /**
   * Which nodes of the tree to draft, within the proposer's own `shapes`: of these paths of ranks (parents first, better ranks first,
   * the likeliest first) those that `nodes` and `depth` leave, in place of what it would draft by itself. Only where it has `shapes`.
   */
  readonly paths?: RankPaths
  /**
   * Whether the host cuts nodes off the draft before it is verified, as under a constraint: rounds wait for each other then, and a tree
   * that a program left on the device is read first, which one of the host need not be. Default false.
   */
  readonly pruned?: boolean
}

/** Which trees a proposer can draft that are named by their nodes' ranks. */
export interface ShapeLimits {
  /** Levels below the pending token. */
  readonly levels: number
  /** Choices of a node: ranks from 0 to one less. */
  readonly choices: number
  /** Nodes of a level that may have children. Default: any number. */
  readonly expand?: number
}

/**
 * Who drafted which node, where several parts of a composition drew up one tree: bit i of a node's word says that `names[i]` proposed
 * it. At most 32 names.
 */
export interface Credit<Words> {
  readonly names: readonly string[]
  readonly of: Words
}

/** A tree with what its tokens were drawn from, where the draft says so. */
export interface DrawnTree extends TokenTree {
  /**
   * By row (0: below the pending token, i + 1: below node i) the distribution that the row's children were drawn from, without
   * replacement and in the order of the nodes: probabilities f32 [vocab], exactly those of the draw, after temperature and filters.
   * null, or absent: the children were not drawn, or nobody says from what; rules take each as a point mass, which keeps the
   * target's distribution just as well, but fewer tokens.
   */
  readonly q?: readonly (Float32Array | null)[]
}

/** A tree on the host. No nodes: nothing to say, and the round is a plain one. */
export interface HostDraft extends DrawnTree {
  /** Who is credited with its tokens, where that is not the strategy that the request named: parts of a composition. Words by node. */
  readonly by?: string | Credit<readonly number[]>
}

/** A tree whose tokens are left in `session.tree.tokens` by programs at the head of the round's submission: no read in between. */
export interface DeviceDraft {
  readonly programs: readonly Program[]
  readonly nodes: number
  /**
   * The topology where it is known beforehand, as in a `TokenTree`: the engine has laid it into `session.tree.shape` when the
   * programs run. null: the programs write `session.tree.shape` themselves.
   */
  readonly parents: readonly number[] | null
  /**
   * Whether the programs may leave fewer nodes, or none: the first ones of `parents`. They then say in word 0 of `session.tree.shape`,
   * every time, how many rows there are, the pending token's included. Default false: all of `nodes`.
   */
  readonly fewer?: boolean
  /** Most levels of a tree whose topology the programs write. Default: as many as it has nodes. */
  readonly levels?: number
  /** As in `HostDraft`; the words lie in u32 [MAX_TREE_ROWS] by row of the tree, once the programs have run. */
  readonly by?: string | Credit<Tensor>
  /**
   * Whether the programs leave in `session.q` what the children of every row that has some were drawn from, without replacement and in
   * the order of the rows, as `HostDraft.q` says it. Not where a choice among what was drawn, or its order, depends on the draw.
   * Default false: point masses.
   */
  readonly q?: boolean
  /**
   * Where the programs ran the target's own layers below `layer` over every row: `x` holds the residual streams entering it, f32
   * [maxRows, hidden], and the session's cache the keys and values of the layers below. Verification goes on from there.
   */
  readonly computed?: { readonly layer: number; readonly x: Tensor }
}

/** What a proposer answers: a tree on the host, one that programs leave on the device, or nothing. */
export type Draft = HostDraft | DeviceDraft | null
