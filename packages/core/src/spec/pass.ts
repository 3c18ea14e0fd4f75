import type { Tensor } from './tensor'

/** Most rows of a tree: the pending token and 255 nodes. */
export const MAX_TREE_ROWS = 256
/** Most levels of a tree, the pending token's own included: a path of 64 rows. */
export const MAX_PATH = 64

/** Where `Pass.index` keeps what, in u32 words. */
export const INDEX = {
  /** Committed entries of the cache that the pass appends to; the position of row 0. */
  base: 0,
  /** Rows that hold something; rows from here on are padding. */
  rows: 1,
  /** [MAX_TREE_ROWS] absolute position of each row. */
  positions: 4,
  /** [MAX_TREE_ROWS, MAX_PATH] for each row the rows of its path, by depth: the root's first, its own last. */
  paths: (4 + MAX_TREE_ROWS) as number,
  words: (4 + MAX_TREE_ROWS + MAX_TREE_ROWS * MAX_PATH) as number,
} as const

/**
 * A token tree in device memory. Row 0 is the pending token: committed, and not yet in the KV cache.
 * The other rows are the nodes of a draft, parents before children.
 */
export interface TreeTensors {
  /** u32 [MAX_TREE_ROWS]: the token of each row. */
  readonly tokens: Tensor
  /** u32 [MAX_TREE_ROWS]: word 0 counts the rows (pending one included), word r ≥ 1 is the parent row of row r. */
  readonly shape: Tensor
}

/**
 * The rows that one forward pass computes. Row r of the pass is row `first + r` of its tree; its keys and values go to
 * cache slot `base + first + r`, and it sees slots 0..base-1 and those of its path.
 */
export interface Pass {
  /** Rows that the program is recorded for; those from `index[rows]` on are padding. */
  readonly rows: number
  /** Row of the tree that row 0 of the pass computes: 0 but for drafters that walk their tree level by level. */
  readonly first: number
  /**
   * Every position is below it; default the slots of the cache. Where it is small, attention needs fewer workgroups; bits are the
   * same. A program that was recorded with it serves no longer context: its key has to tell it (`passReach`).
   */
  readonly reach?: number
  /** u32 [MAX_TREE_ROWS]: token of each row of the tree. */
  readonly tokens: Tensor
  /** u32 [INDEX.words], filled by `ops.treeIndex` or `ops.spanIndex`. */
  readonly index: Tensor
}

/** What `ops.argmax` and `ops.topK` give where no logit is above -∞: no token. It is beyond every vocabulary. */
export const NO_TOKEN = 0xffffffff

/** Where the outcome of a round keeps what, in u32 words. */
export const OUTCOME = {
  /** Draft tokens accepted: a. A round commits a + 1 tokens. */
  accepted: 0,
  /** Committed length before the round: the position of the pending token. */
  length: 1,
  /** Rows that were verified, the pending one included. */
  rows: 2,
  /** [MAX_PATH] rows of the accepted path: row 0, then a accepted rows. */
  path: 4,
  /** [MAX_PATH] the a accepted tokens, then the one that the target adds. */
  tokens: (4 + MAX_PATH) as number,
  words: (4 + 2 * MAX_PATH) as number,
} as const

/** The committed tokens of a session in device memory. */
export interface SequenceTensors {
  /** u32 [slots]: committed token at each absolute position; the pending one at `length`. */
  readonly history: Tensor
  /** u32 [1]: entries of the target's KV cache that are committed, which is the position of the pending token. */
  readonly length: Tensor
}

/** Keys and values of one layer: layer `layer` of a tensor f16 or f32 [layers, 2, kvHeads, slots, headDim], keys first. */
export interface KvLayer {
  readonly tensor: Tensor
  readonly layer: number
}
