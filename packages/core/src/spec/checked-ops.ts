import { OutriderError } from '../errors'
import { checkedSampling } from './checked-sampling'
import * as check from './checks'
import type { CustomKernel, Norm, Ops, RowPart } from './ops'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME, type Pass } from './pass'
import type { Tensor, Weight } from './tensor'

/** Most tokens that `topK` chooses. */
const mostChoices = 32

/** The linear family: x f32 [rows, inputs] against a weight [outputs, inputs], into out f32 [rows, width]. */
function product(
  op: string,
  args: {
    x: Tensor | readonly RowPart[]
    weight: Weight
    out: Tensor
    rows: number
    norm?: Norm | undefined
    pass?: Pass | undefined
  },
  width: number,
): void {
  const { x, weight, out, rows } = args
  check.rowCount(op, rows)
  if (args.pass) check.pass(op, args.pass, rows)
  const inputs = check.rows(op, x, rows, [out])
  if (inputs !== weight.shape[1])
    check.refuse(op, `x must have the ${weight.shape[1]} inputs of the weight, not ${inputs}`)
  check.matrix(op, 'out', out, rows, width)
  check.norm(op, args.norm, weight.shape[1])
}

function qkv(args: Parameters<Ops['qkv']>[0]): void {
  const { x, weights, heads, kvHeads, headDim, rope, q, headNorm } = args
  const { rows } = args.pass
  check.pass('qkv', args.pass)
  check.attention('qkv', args)
  const width = check.rows('qkv', x, rows, [q, args.cache.tensor])
  check.matrix('qkv', 'q', q, rows, heads * headDim)
  if (weights.some(({ shape }) => shape[1] !== width || shape[0] % headDim !== 0))
    check.refuse('qkv', `every weight must have ${width} inputs and whole heads of ${headDim}`)
  const outputs = weights.reduce((sum, { shape }) => sum + shape[0], 0)
  const total = (heads + 2 * kvHeads) * headDim
  if (outputs !== total) check.refuse('qkv', `the weights have ${outputs} rows, but q, k and v need ${total}`)
  check.elements('qkv', 'rope.table', rope.table, 'f32', headDim)
  check.norm('qkv', args.norm, width)
  check.norm('qkv', headNorm?.q, headDim)
  check.norm('qkv', headNorm?.k, headDim)
  if (args.bias) check.vector('qkv', 'bias', args.bias, total)
  check.apart('qkv', [q, args.cache.tensor], [rope.table])
}

function topK({ logits, vocab, rows, k, ids, logProbs, at = 0 }: Parameters<Ops['topK']>[0]): void {
  check.rowCount('topK', rows)
  check.whole('topK', 'k', k, 1, Math.min(mostChoices, vocab))
  check.place('topK', 'at', at)
  check.matrix('topK', 'logits', logits, rows, vocab)
  check.elements('topK', 'ids', ids, 'u32', at + rows * k)
  if (!logProbs) return
  check.elements('topK', 'logProbs', logProbs, 'f32', at + rows * k)
  check.apart('topK', [logProbs], [logits])
}

function spanIndex(args: Parameters<Ops['spanIndex']>[0]): void {
  check.whole('spanIndex', 'rows', args.rows, 1, MAX_PATH)
  check.offset('spanIndex', 'toOffset', args.toOffset)
  check.offset('spanIndex', 'tokenOffset', args.tokenOffset ?? 0)
  check.elements('spanIndex', 'sequence.history', args.sequence.history, 'u32', 1)
  check.elements('spanIndex', 'from', args.from, 'u32', 1)
  check.elements('spanIndex', 'to', args.to, 'u32', 1)
  check.elements('spanIndex', 'tokens', args.tokens, 'u32', MAX_TREE_ROWS)
  check.elements('spanIndex', 'index', args.index, 'u32', INDEX.words)
  check.apart('spanIndex', [args.tokens, args.index], [args.sequence.history, args.from, args.to])
}

function concat({ parts, out, rows }: Parameters<Ops['concat']>[0]): void {
  check.rowCount('concat', rows)
  const total = check.rows('concat', parts, rows, [out])
  check.matrix('concat', 'out', out, rows, total)
}

function kernel({ label, tensors, params = [] }: CustomKernel): void {
  const invalid = (what: string): never => {
    throw new OutriderError('KERNEL_INVALID', `${label}: ${what}`, { details: { op: label } })
  }
  if (tensors.length === 0) invalid('it binds no tensor and could leave nothing behind: give it one')
  for (const word of params) check.whole(label, 'params', word, 0, 2 ** 32 - 1)
  for (const { tensor, access } of tensors) {
    if (access !== 'read' && access !== 'read_write')
      invalid(`access to ${tensor.label} must be 'read' or 'read_write', not '${access}'`)
    if (access === 'read_write' && tensors.filter((other) => other.tensor === tensor).length > 1)
      invalid(`${tensor.label} is written and bound twice: bind it once`)
    if (tensor.dtype === 'f16') check.refuse(label, `takes f32 and u32 tensors, but ${tensor.label} is f16`)
  }
}

/**
 * Ops that check their arguments before they record: every backend wraps its own, so that a wrong call gets the same words
 * everywhere. Throws `SHAPE_MISMATCH`; for a plugin's own op that states its tensors wrongly `KERNEL_INVALID`.
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
      check.pass('embed', args.pass)
      check.matrix('embed', 'out', args.out, args.pass.rows, args.table.shape[1])
      ops.embed(args)
    },
    rmsNorm: (args) => {
      check.rowCount('rmsNorm', args.rows)
      if (args.pass) check.pass('rmsNorm', args.pass, args.rows)
      const width = check.matrix('rmsNorm', 'x', args.x, args.rows, null)
      check.matrix('rmsNorm', 'out', args.out, args.rows, width)
      check.norm('rmsNorm', args.norm, width)
      ops.rmsNorm(args)
    },
    linear: (args) => {
      product('linear', args, args.weight.shape[0])
      if (args.bias) check.vector('linear', 'bias', args.bias, args.weight.shape[0])
      if (args.addend) {
        check.matrix('linear', 'addend', args.addend, args.rows, args.weight.shape[0])
        check.apart('linear', [args.out], [args.addend])
        if (args.accumulate) check.refuse('linear', 'it adds to addend or, with accumulate, to out: leave one away')
      }
      ops.linear(args)
    },
    gatedLinear: (args) => {
      if (args.weight.shape[0] % 2 !== 0)
        check.refuse('gatedLinear', 'the weight must alternate gate and up rows, an even number')
      product('gatedLinear', args, args.weight.shape[0] / 2)
      ops.gatedLinear(args)
    },
    qkv: (args) => {
      qkv(args)
      ops.qkv(args)
    },
    treeAttention: (args) => {
      const { q, out, heads, headDim } = args
      check.pass('treeAttention', args.pass)
      check.attention('treeAttention', args)
      check.matrix('treeAttention', 'q', q, args.pass.rows, heads * headDim)
      check.matrix('treeAttention', 'out', out, args.pass.rows, heads * headDim)
      check.apart('treeAttention', [out], [q])
      ops.treeAttention(args)
    },
    gatherRows: (args) => {
      check.rowCount('gatherRows', args.rows)
      check.place('gatherRows', 'at', args.at)
      check.elements('gatherRows', 'indices', args.indices, 'u32', args.at + args.rows)
      const width = check.matrix('gatherRows', 'x', args.x, 1, null)
      check.matrix('gatherRows', 'out', args.out, args.rows, width)
      check.apart('gatherRows', [args.out], [args.x])
      ops.gatherRows(args)
    },
    gatherLast: (args) => {
      check.wholePass('gatherLast', args.pass)
      const width = check.matrix('gatherLast', 'x', args.x, args.pass.rows, null)
      check.matrix('gatherLast', 'out', args.out, 1, width)
      check.apart('gatherLast', [args.out], [args.x])
      ops.gatherLast(args)
    },
    argmax: (args) => {
      check.rowCount('argmax', args.rows)
      check.place('argmax', 'at', args.at ?? 0)
      check.matrix('argmax', 'logits', args.logits, args.rows, args.vocab)
      check.elements('argmax', 'out', args.out, 'u32', (args.at ?? 0) + args.rows)
      if (args.targetIds) {
        check.elements('argmax', 'targetIds', args.targetIds, 'u32', args.vocab)
        check.apart('argmax', [args.out], [args.targetIds])
      }
      ops.argmax(args)
    },
    topK: (args) => {
      topK(args)
      ops.topK(args)
    },
    treeIndex: (args) => {
      const { tree, sequence, index } = args
      check.tree('treeIndex', tree)
      check.sequence('treeIndex', sequence)
      check.elements('treeIndex', 'index', index, 'u32', INDEX.words)
      check.apart('treeIndex', [tree.tokens, index], [tree.shape, sequence.history, sequence.length])
      ops.treeIndex(args)
    },
    spanIndex: (args) => {
      spanIndex(args)
      ops.spanIndex(args)
    },
    walkTree: (args) => {
      const { pass, choices, outcome } = args
      check.wholePass('walkTree', pass)
      check.elements('walkTree', 'choices', choices, 'u32', pass.rows)
      check.elements('walkTree', 'outcome', outcome, 'u32', OUTCOME.words)
      check.apart('walkTree', [outcome], [pass.tokens, pass.index, choices])
      ops.walkTree(args)
    },
    commitTokens: (args) => {
      const { outcome, sequence } = args
      check.elements('commitTokens', 'outcome', outcome, 'u32', OUTCOME.words)
      check.sequence('commitTokens', sequence)
      check.apart('commitTokens', [sequence.history, sequence.length], [outcome])
      ops.commitTokens(args)
    },
    compactKv: (args) => {
      check.rowCount('compactKv', args.rows)
      check.elements('compactKv', 'outcome', args.outcome, 'u32', OUTCOME.words)
      check.cacheTensor('compactKv', args.cache)
      ops.compactKv(args)
    },
    commitLength: (args) => {
      check.whole('commitLength', 'fed', args.fed, 0, MAX_TREE_ROWS)
      check.elements('commitLength', 'outcome', args.outcome, 'u32', OUTCOME.words)
      check.elements('commitLength', 'length', args.length, 'u32', 1)
      check.apart('commitLength', [args.length], [args.outcome])
      ops.commitLength(args)
    },
    setLength: (args) => {
      check.offset('setLength', 'offset', args.offset)
      check.elements('setLength', 'sequence.length', args.sequence.length, 'u32', 1)
      check.elements('setLength', 'length', args.length, 'u32', 1)
      ops.setLength(args)
    },
    add: (args) => {
      check.rowCount('add', args.rows)
      const width = check.matrix('add', 'a', args.a, args.rows, null)
      check.matrix('add', 'b', args.b, args.rows, width)
      check.matrix('add', 'out', args.out, args.rows, width)
      ops.add(args)
    },
    concat: (args) => {
      concat(args)
      ops.concat(args)
    },
    ...checkedSampling(ops),
    kernel: (args) => {
      kernel(args)
      ops.kernel(args)
    },
  }
}
