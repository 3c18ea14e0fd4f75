import type { KvLayer, Pass, SequenceTensors, TreeTensors } from './pass'
import type { SamplingOps } from './sampling'
import type { Tensor, Weight } from './tensor'

/** Root-mean-square normalisation: x / sqrt(mean(x²) + eps) · gain. */
export interface Norm {
  /** f32 [width]. */
  readonly gain: Tensor
  readonly eps: number
}

/**
 * Rows that stand beside others in wider ones, f32 [rows, width]: those of a tensor, or the embeddings of a pass's tokens, as `embed` gives
 * them; normalised where there is a norm, and by `before` before that: norm(before(row)).
 */
export type RowPart = ({ readonly x: Tensor } | { readonly table: Weight; readonly pass: Pass }) & {
  readonly norm?: Norm
  readonly before?: Norm
}

/** Rotary position embedding, precomputed: f32 [positions, headDim / 2, 2] cosine and sine of each pair, the scaling in it. */
export interface RopeTable {
  readonly table: Tensor
}

/**
 * What a model or a head is written in. An op is recorded, not run: it runs whenever its program is submitted.
 *
 * Activations are f32 [rows at least, width], of which the first `rows` rows are used. Every op is *row-invariant*: what it
 * computes for a row depends, to the last bit, on that row's inputs alone, not on how many rows there are, what the others
 * hold, where the row stands or what `rows` the program was recorded for (tested for 1 to 256). Where `pass` is given, its rows
 * are those of the op, and padding rows may be left uncomputed. What an op writes is none of its other tensors, but where it
 * says so. Running an op allocates nothing. Each throws `SHAPE_MISMATCH` at recording (`checkedOps`).
 */
export interface Ops extends SamplingOps {
  /**
   * out[r, :] = table[pass.tokens[first + r], :]; a token beyond the table, as NO_TOKEN is, means its last row.
   * table [vocab, width]; out f32 [rows, width].
   */
  embed(args: { table: Weight; pass: Pass; out: Tensor }): void

  /** out[r, :] = norm(x[r, :]). x, out f32 [rows, width]; they may be the same tensor. */
  rmsNorm(args: { x: Tensor; norm: Norm; out: Tensor; rows: number; pass?: Pass }): void

  /**
   * out[r, n] (+)= Σ_k weight[n, k] · norm(x[r, :])[k] + bias[n]. With `accumulate` the product is added to what `out` holds, or with
   * `addend` to what that does, f32 [rows, outputs]: the residual stream. weight [outputs, inputs], x f32 [rows, inputs] or the parts that `concat` would make such rows of,
   * out f32 [rows, outputs], bias f32 [outputs].
   */
  linear(args: {
    x: Tensor | readonly RowPart[]
    weight: Weight
    out: Tensor
    rows: number
    norm?: Norm
    bias?: Tensor
    accumulate?: boolean
    addend?: Tensor
    pass?: Pass
  }): void

  /**
   * SwiGLU: out[r, i] = silu(a[r, 2i]) · a[r, 2i + 1] with a = weight · norm(x). The rows of `weight` [2 · width, inputs]
   * alternate gate and up (`interleaveRows` makes such a source). out f32 [rows, width].
   */
  gatedLinear(args: { x: Tensor; weight: Weight; out: Tensor; rows: number; norm?: Norm; pass?: Pass }): void

  /**
   * The input side of attention: queries, keys and values of each row, rotated, keys and values appended to the cache.
   * The rows of `weights`, put one below the other, are [heads · headDim of q; kvHeads · headDim of k; the same of v]; q and k
   * come in *pair order*, where rows 2i and 2i + 1 of a head rotate together (`pairRows` brings the halves order of Hugging
   * Face into it, GGUF's llama files have it). bias f32 [all outputs], in the same order. `headNorm` normalises each head of q
   * and of k before the rotation, gains f32 [headDim] in pair order. q f32 [rows, heads · headDim].
   * Keys and values of row r go to slot base + first + r; padding rows and rows beyond the cache's slots write none. x may be parts,
   * as for `linear`.
   */
  qkv(args: {
    x: Tensor | readonly RowPart[]
    weights: readonly Weight[]
    heads: number
    kvHeads: number
    headDim: number
    rope: RopeTable
    pass: Pass
    q: Tensor
    cache: KvLayer
    norm?: Norm
    bias?: Tensor
    headNorm?: { readonly q: Norm; readonly k: Norm }
  }): void

  /**
   * out[r] = softmax(q · K / sqrt(headDim)) V over the positions 0..position(r), each fetched from its slot: committed
   * positions from the slot of the same number, later ones through the row's path. Keys are visited in tiles aligned to
   * position 0 (FlashAttention, Dao et al. 2022, with online softmax), grouped-query heads share their keys.
   * q, out f32 [rows, heads · headDim]; headDim even, 32 to 256.
   */
  treeAttention(args: {
    q: Tensor
    cache: KvLayer
    heads: number
    kvHeads: number
    headDim: number
    pass: Pass
    out: Tensor
  }): void

  /** out[i, :] = x[indices[at + i], :] for i < rows; an index beyond x means its last row. indices u32; x, out f32 of one width. */
  gatherRows(args: { x: Tensor; indices: Tensor; at: number; rows: number; out: Tensor }): void

  /** out[0, :] = x[index[rows] - 1, :]: the last row of a pass that is not padding, row 0 where all are. `pass.first` must be 0. */
  gatherLast(args: { x: Tensor; pass: Pass; out: Tensor }): void

  /**
   * out[at + r] = the token of the largest logit of row r, the lowest of equals; NaN and -∞ never win, and a row of
   * nothing else gives NO_TOKEN. With `targetIds`, u32 [vocab], the token's entry in it: a drafter's vocabulary of its own.
   * logits f32 [rows, vocab]; out u32.
   */
  argmax(args: { logits: Tensor; vocab: number; rows: number; out: Tensor; at?: number; targetIds?: Tensor }): void

  /**
   * The k most likely tokens of each row, best first, the lower token first among equals: ids[at + r·k + j], u32, and
   * their log-probabilities over the row, logProbs[at + r·k + j], f32, nats. NaN and -∞ have no probability and are never
   * chosen: where fewer than k tokens are left, or none, the rest are NO_TOKEN with -∞. +∞ comes first and counts as the
   * largest finite number. logits f32 [rows, vocab]; k at most 32.
   */
  topK(args: {
    logits: Tensor
    vocab: number
    rows: number
    k: number
    ids: Tensor
    logProbs?: Tensor
    at?: number
  }): void

  /**
   * Lays a tree out as a pass below the pending token. tokens[0] becomes history[length]; `index` gets base = length, rows =
   * shape[0] (1 at least: the pending token is always there), and for each row its position, which is length + depth, and its path.
   * At most MAX_PATH levels, the pending token's included.
   */
  treeIndex(args: { tree: TreeTensors; sequence: SequenceTensors; index: Tensor }): void

  /**
   * Lays committed tokens out as a pass, a chain: rows are the positions from `from[0]` to `to[0] + toOffset` (excluded), at
   * most `rows` of them (1 to MAX_PATH), none where the end is not beyond the start. Writes tokens and `index` (base =
   * from[0]). All u32; from, to are tensors of one word and may be the same.
   */
  spanIndex(args: {
    sequence: SequenceTensors
    from: Tensor
    to: Tensor
    toOffset: number
    rows: number
    /** Row r gets the token at its position + `tokenOffset`. Default 0; 1 for heads that pair a state with the token after it. */
    tokenOffset?: number
    tokens: Tensor
    index: Tensor
  }): void

  /**
   * Accept-iff-equal: from row 0, moves to the child whose token equals choices[row] as long as there is one, and writes the
   * path, its tokens and the last row's choice to `outcome` (see OUTCOME); of equally deep paths, the one of the lowest row.
   * NO_TOKEN is a choice like any other. choices u32 [rows]; `pass.first` must be 0.
   */
  walkTree(args: { pass: Pass; choices: Tensor; outcome: Tensor }): void

  /**
   * Commits an outcome: its tokens go to history[outcome.length + 1] and on, those beyond its end are dropped, and the length
   * becomes outcome.length + accepted + 1.
   */
  commitTokens(args: { outcome: Tensor; sequence: SequenceTensors }): void

  /**
   * Moves the accepted path's keys and values into consecutive slots: slot base + path[j] to slot base + j, ascending, for
   * every layer of `cache`, where base is the outcome's length. Every accepted row below `rows` for which the cache has a slot
   * is moved. cache f16 or f32 [layers, 2, kvHeads, slots, headDim].
   */
  compactKv(args: { outcome: Tensor; cache: Tensor; rows: number }): void

  /**
   * Moves a cache's own length after a round: length = outcome.length + 1 + (accepted rows below `fed`), where `fed` rows of
   * the tree had their keys and values computed. length u32 [1].
   */
  commitLength(args: { outcome: Tensor; length: Tensor; fed: number }): void

  /** length[0] = sequence.length[0] + offset: a cache that followed committed tokens. u32 [1]; they may be the same tensor. */
  setLength(args: { sequence: SequenceTensors; length: Tensor; offset: number }): void

  /** out = a + b, elementwise over the first `rows` rows. a, b, out f32 [rows, width], any of them the same tensor. */
  add(args: { a: Tensor; b: Tensor; out: Tensor; rows: number }): void

  /** out[r] = parts[0][r] ‖ parts[1][r] ‖ …, each normalised on the way where it has a norm. f32 [rows, Σ widths]. */
  concat(args: { parts: readonly RowPart[]; out: Tensor; rows: number }): void

  /** A plugin's own op. Throws `KERNEL_INVALID` where it binds no tensor, or one twice that it writes. */
  kernel(args: CustomKernel): void
}

/** An op that a plugin brings along: a compute shader for WebGPU and the same in plain loops for the reference backend. */
export interface CustomKernel {
  readonly label: string
  /**
   * A WGSL module with the entry point `main`. Binding i of group 0 is tensor i of `tensors`, `var<storage, read>` or
   * `var<storage, read_write>` as its `access` says; where there are `params` they come first, and the tensors from 1 on.
   */
  readonly wgsl: string
  /**
   * u32: binding 0, `var<uniform>`, one word after the other. What differs from program to program belongs here: each text is compiled
   * anew, which takes a driver 10 to 100 ms.
   */
  readonly params?: readonly number[]
  /** f32 and u32. */
  readonly tensors: readonly { readonly tensor: Tensor; readonly access: 'read' | 'read_write' }[]
  readonly workgroups: readonly [x: number, y?: number, z?: number]
  /** The same on the host: one view a tensor, in order. */
  readonly reference: (views: readonly (Float32Array | Uint32Array)[]) => void
}
