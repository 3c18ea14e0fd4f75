import { OutriderError } from '../errors'
import type { Norm, Ops } from './ops'
import { INDEX, MAX_TREE_ROWS, OUTCOME, type Pass, type TreeTensors } from './pass'
import type { DType, Tensor, Weight } from './tensor'

function fail(op: string, what: string): never {
  throw new OutriderError('SHAPE_MISMATCH', `${op}: ${what}`, { details: { op } })
}

/** A tensor of `dtype` whose last axis is `width` (null: any) and that has `rows` rows at least. */
function matrix(op: string, name: string, tensor: Tensor, dtype: DType, rows: number, width: number | null): number {
  const [height, columns] = tensor.shape as [number, number]
  if (tensor.dtype !== dtype || tensor.shape.length !== 2 || height < rows || (width !== null && columns !== width))
    fail(
      op,
      `${name} must be ${dtype} [${rows} rows or more, ${width ?? 'any'}], but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`,
    )
  return columns
}

/** A tensor of `dtype` with `count` elements at least (or exactly). */
function vector(op: string, name: string, tensor: Tensor, dtype: DType, count: number, exact = false): void {
  const size = tensor.shape.reduce((product, axis) => product * axis, 1)
  if (tensor.dtype !== dtype || size < count || (exact && size !== count))
    fail(
      op,
      `${name} must hold ${exact ? '' : 'at least '}${count} ${dtype}, but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`,
    )
}

function norm(op: string, value: Norm | undefined, width: number): void {
  if (value) vector(op, 'norm.gain', value.gain, 'f32', width, true)
}

function rowCount(op: string, rows: number): void {
  if (!Number.isInteger(rows) || rows < 1 || rows > MAX_TREE_ROWS)
    fail(op, `rows must be 1 to ${MAX_TREE_ROWS}, not ${rows}`)
}

function pass(op: string, value: Pass | undefined): void {
  if (!value) return
  rowCount(op, value.rows)
  if (value.first < 0 || value.first + value.rows > MAX_TREE_ROWS)
    fail(op, `rows ${value.first} + ${value.rows} exceed ${MAX_TREE_ROWS}`)
  vector(op, 'pass.tokens', value.tokens, 'u32', MAX_TREE_ROWS)
  vector(op, 'pass.index', value.index, 'u32', INDEX.words, true)
}

function tree(op: string, value: TreeTensors): void {
  vector(op, 'tree.tokens', value.tokens, 'u32', MAX_TREE_ROWS)
  vector(op, 'tree.shape', value.shape, 'u32', MAX_TREE_ROWS)
}

function attention(
  op: string,
  args: { heads: number; kvHeads: number; headDim: number; cache: { tensor: Tensor; layer: number } },
): void {
  const { heads, kvHeads, headDim, cache } = args
  const [layers, two, keyHeads, , width] = cache.tensor.shape as [number, number, number, number, number]
  if (heads % kvHeads !== 0) fail(op, `${heads} query heads cannot share ${kvHeads} key heads evenly`)
  if (headDim % 2 !== 0 || headDim < 32 || headDim > 256) fail(op, `headDim must be even, 32 to 256, not ${headDim}`)
  if (
    cache.tensor.shape.length !== 5 ||
    two !== 2 ||
    keyHeads !== kvHeads ||
    width !== headDim ||
    cache.layer >= layers
  )
    fail(
      op,
      `the cache must be [layers > ${cache.layer}, 2, ${kvHeads}, slots, ${headDim}], but is [${cache.tensor.shape}]`,
    )
}

function product(
  op: string,
  args: { x: Tensor; weight: Weight; out: Tensor; rows: number; norm?: Norm | undefined; pass?: Pass | undefined },
  width: number,
): void {
  rowCount(op, args.rows)
  pass(op, args.pass)
  matrix(op, 'x', args.x, 'f32', args.rows, args.weight.shape[1])
  matrix(op, 'out', args.out, 'f32', args.rows, width)
  norm(op, args.norm, args.weight.shape[1])
  if (args.x === args.out) fail(op, 'x and out must be different tensors')
}

/**
 * Ops that check shapes and element types before they record: every backend wraps its own, so that a wrong call gets the same
 * words everywhere. Throws `SHAPE_MISMATCH`.
 *
 * @example
 * ```ts
 * import { checkedOps, type Ops } from '@outrider/core/spec'
 *
 * export const strict = (mine: Ops): Ops => checkedOps(mine)
 * ```
 */
export function checkedOps(ops: Ops): Ops {
  return {
    embed: (args) => {
      pass('embed', args.pass)
      matrix('embed', 'out', args.out, 'f32', args.pass.rows, args.table.shape[1])
      ops.embed(args)
    },
    rmsNorm: (args) => {
      rowCount('rmsNorm', args.rows)
      const width = matrix('rmsNorm', 'x', args.x, 'f32', args.rows, null)
      matrix('rmsNorm', 'out', args.out, 'f32', args.rows, width)
      norm('rmsNorm', args.norm, width)
      ops.rmsNorm(args)
    },
    linear: (args) => {
      product('linear', args, args.weight.shape[0])
      if (args.bias) vector('linear', 'bias', args.bias, 'f32', args.weight.shape[0], true)
      ops.linear(args)
    },
    gatedLinear: (args) => {
      if (args.weight.shape[0] % 2 !== 0)
        fail('gatedLinear', 'the weight must alternate gate and up rows, an even number')
      product('gatedLinear', args, args.weight.shape[0] / 2)
      ops.gatedLinear(args)
    },
    qkv: (args) => {
      const total = (args.heads + 2 * args.kvHeads) * args.headDim
      const width = args.x.shape[1] as number
      pass('qkv', args.pass)
      attention('qkv', args)
      matrix('qkv', 'x', args.x, 'f32', args.pass.rows, null)
      matrix('qkv', 'q', args.q, 'f32', args.pass.rows, args.heads * args.headDim)
      if (args.weights.some(({ shape }) => shape[1] !== width || shape[0] % args.headDim !== 0))
        fail('qkv', `every weight must have ${width} inputs and whole heads of ${args.headDim}`)
      const outputs = args.weights.reduce((sum, { shape }) => sum + shape[0], 0)
      if (outputs !== total) fail('qkv', `the weights have ${outputs} rows, but q, k and v need ${total}`)
      norm('qkv', args.norm, width)
      norm('qkv', args.headNorm?.q, args.headDim)
      norm('qkv', args.headNorm?.k, args.headDim)
      if (args.bias) vector('qkv', 'bias', args.bias, 'f32', total, true)
      ops.qkv(args)
    },
    treeAttention: (args) => {
      pass('treeAttention', args.pass)
      attention('treeAttention', args)
      matrix('treeAttention', 'q', args.q, 'f32', args.pass.rows, args.heads * args.headDim)
      matrix('treeAttention', 'out', args.out, 'f32', args.pass.rows, args.heads * args.headDim)
      ops.treeAttention(args)
    },
    gatherRows: (args) => {
      rowCount('gatherRows', args.rows)
      vector('gatherRows', 'indices', args.indices, 'u32', args.at + args.rows)
      const width = matrix('gatherRows', 'x', args.x, 'f32', 1, null)
      matrix('gatherRows', 'out', args.out, 'f32', args.rows, width)
      ops.gatherRows(args)
    },
    gatherLast: (args) => {
      pass('gatherLast', args.pass)
      const width = matrix('gatherLast', 'x', args.x, 'f32', args.pass.rows, null)
      matrix('gatherLast', 'out', args.out, 'f32', 1, width)
      ops.gatherLast(args)
    },
    argmax: (args) => {
      rowCount('argmax', args.rows)
      matrix('argmax', 'logits', args.logits, 'f32', args.rows, args.vocab)
      vector('argmax', 'out', args.out, 'u32', (args.at ?? 0) + args.rows)
      ops.argmax(args)
    },
    topK: (args) => {
      rowCount('topK', args.rows)
      if (args.k < 1 || args.k > Math.min(32, args.vocab))
        fail('topK', `k must be 1 to ${Math.min(32, args.vocab)}, not ${args.k}`)
      matrix('topK', 'logits', args.logits, 'f32', args.rows, args.vocab)
      vector('topK', 'ids', args.ids, 'u32', (args.at ?? 0) + args.rows * args.k)
      if (args.logProbs) vector('topK', 'logProbs', args.logProbs, 'f32', (args.at ?? 0) + args.rows * args.k)
      ops.topK(args)
    },
    treeIndex: (args) => {
      tree('treeIndex', args.tree)
      vector('treeIndex', 'index', args.index, 'u32', INDEX.words, true)
      ops.treeIndex(args)
    },
    spanIndex: (args) => {
      rowCount('spanIndex', args.rows)
      if (args.rows > 64) fail('spanIndex', `a span has at most 64 rows, not ${args.rows}`)
      vector('spanIndex', 'tokens', args.tokens, 'u32', MAX_TREE_ROWS)
      vector('spanIndex', 'index', args.index, 'u32', INDEX.words, true)
      ops.spanIndex(args)
    },
    walkTree: (args) => {
      pass('walkTree', args.pass)
      vector('walkTree', 'choices', args.choices, 'u32', args.pass.rows)
      vector('walkTree', 'outcome', args.outcome, 'u32', OUTCOME.words)
      ops.walkTree(args)
    },
    commitTokens: (args) => {
      vector('commitTokens', 'outcome', args.outcome, 'u32', OUTCOME.words)
      ops.commitTokens(args)
    },
    compactKv: (args) => {
      vector('compactKv', 'outcome', args.outcome, 'u32', OUTCOME.words)
      if (args.cache.shape.length !== 5)
        fail('compactKv', `the cache must be [layers, 2, kvHeads, slots, headDim], but is [${args.cache.shape}]`)
      ops.compactKv(args)
    },
    commitLength: (args) => {
      vector('commitLength', 'outcome', args.outcome, 'u32', OUTCOME.words)
      vector('commitLength', 'length', args.length, 'u32', 1)
      ops.commitLength(args)
    },
    setLength: (args) => {
      vector('setLength', 'length', args.length, 'u32', 1)
      ops.setLength(args)
    },
    add: (args) => {
      rowCount('add', args.rows)
      const width = matrix('add', 'a', args.a, 'f32', args.rows, null)
      matrix('add', 'b', args.b, 'f32', args.rows, width)
      matrix('add', 'out', args.out, 'f32', args.rows, width)
      ops.add(args)
    },
    concat: (args) => {
      rowCount('concat', args.rows)
      const widths = args.parts.map(({ x, norm: own }) => {
        const width = matrix('concat', 'part', x, 'f32', args.rows, null)
        norm('concat', own, width)
        return width
      })
      matrix(
        'concat',
        'out',
        args.out,
        'f32',
        args.rows,
        widths.reduce((a, b) => a + b, 0),
      )
      ops.concat(args)
    },
    kernel: (args) => ops.kernel(args),
  }
}
