import {
  checkedOps,
  INDEX,
  NO_TOKEN,
  type Ops,
  OUTCOME,
  type Pass,
  type RowPart,
  type Tensor,
  type Weight,
} from '../spec'
import type { MultiplyAdd } from './fma'
import { host, hostWeight } from './memory'
import { adjust } from './ops/adjust'
import { attend, liveRows, placeHeads } from './ops/attention'
import { largest, mostLikely } from './ops/choose'
import { inputs, normalise, product, silu } from './ops/dense'
import { count, draw, logProbs, perturb } from './ops/draw'
import { filter } from './ops/filter'
import { acceptedRows, commit, compact, indexSpan, indexTree, walk } from './ops/tree'

/** The embeddings of a pass's live rows: rows of `table`, into `out` [rows, width]. */
function embedInto(out: Float32Array, { table, pass }: { table: Weight; pass: Pass }): void {
  const [vocab, width] = table.shape
  const { values } = hostWeight(table)
  const tokens = host(pass.tokens).words
  for (let r = 0; r < liveRows(pass); r++) {
    const token = Math.min(tokens[pass.first + r] as number, vocab - 1)
    out.set(values.subarray(token * width, (token + 1) * width), r * width)
  }
}

/** Parts side by side, into `out` [rows, width]. */
function joinInto(out: Float32Array, parts: readonly RowPart[], rows: number, width: number): void {
  let column = 0
  for (const part of parts) {
    const own = widthOf(part)
    let values = 'x' in part ? host(part.x).floats : new Float32Array(rows * own)
    if (!('x' in part)) embedInto(values, part)
    for (const norm of [part.before, part.norm]) values = inputs(values, rows, own, norm)
    for (let r = 0; r < rows; r++) out.set(values.subarray(r * own, (r + 1) * own), r * width + column)
    column += own
  }
}

/** The values of a tensor's rows, or of rows that parts make: f32 [rows, width]. */
function valuesOf(x: Tensor | readonly RowPart[], rows: number): Float32Array {
  if ('shape' in x) return host(x).floats
  const width = x.reduce((sum, part) => sum + widthOf(part), 0)
  const out = new Float32Array(rows * width)
  joinInto(out, x, rows, width)
  return out
}

function widthOf(part: RowPart): number {
  return 'x' in part ? (part.x.shape[1] as number) : part.table.shape[1]
}

/** The ops of the reference backend: each is checked now and pushes what to run later; products add up by `fma`. */
export function recordOps(push: (step: () => void) => void, fma: MultiplyAdd): Ops {
  const ops: Ops = {
    embed: ({ table, pass, out }) => push(() => embedInto(host(out).floats, { table, pass })),

    rmsNorm: ({ x, norm, out, rows }) => {
      const width = norm.gain.shape[0] as number
      push(() => {
        for (let r = 0; r < rows; r++) normalise(host(x).floats, r * width, width, norm, host(out).floats, r * width)
      })
    },

    linear: ({ x, weight, out, rows, norm, bias, accumulate, addend }) => {
      const outputs = weight.shape[0]
      push(() => {
        const target = host(out).floats
        const add = bias && host(bias).floats
        const residual = accumulate ? target : addend && host(addend).floats
        product(valuesOf(x, rows), hostWeight(weight), rows, norm, fma, (r, n, sum, scale) => {
          const at = r * outputs + n
          const sumOfBoth = (add ? (add[n] as number) : 0) + (residual ? (residual[at] as number) : 0)
          target[at] = fma(sum, scale, Math.fround(sumOfBoth))
        })
      })
    },

    gatedLinear: ({ x, weight, out, rows, norm }) => {
      const outputs = weight.shape[0]
      push(() => {
        const target = host(out).floats
        const gate = new Float64Array(rows)
        product(host(x).floats, hostWeight(weight), rows, norm, fma, (r, n, sum, scale) => {
          if (n % 2 === 0) gate[r] = sum * scale
          else target[(r * outputs + n - 1) / 2] = silu(gate[r] as number) * sum * scale
        })
      })
    },

    qkv: (args) => {
      const total = (args.heads + 2 * args.kvHeads) * args.headDim
      const { rows } = args.pass
      push(() => {
        const x = valuesOf(args.x, rows)
        const projected = new Float32Array(rows * total)
        const bias = args.bias && host(args.bias).floats
        let first = 0
        for (const weight of args.weights) {
          const start = first
          product(x, hostWeight(weight), rows, args.norm, fma, (r, n, sum, scale) => {
            projected[r * total + start + n] = fma(sum, scale, bias ? (bias[start + n] as number) : 0)
          })
          first += weight.shape[0]
        }
        placeHeads(projected, { ...args, q: host(args.q), rope: host(args.rope.table), headNorm: args.headNorm })
      })
    },

    treeAttention: (args) => push(() => attend({ ...args, q: host(args.q), out: host(args.out) })),

    gatherRows: ({ x, indices, at, rows, out }) => {
      const [height, width] = x.shape as [number, number]
      const last = height - 1
      push(() => {
        for (let i = 0; i < rows; i++) {
          const row = Math.min(host(indices).words[at + i] as number, last)
          host(out).floats.set(host(x).floats.subarray(row * width, (row + 1) * width), i * width)
        }
      })
    },

    gatherLast: ({ x, pass, out }) => {
      const [height, width] = x.shape as [number, number]
      push(() => {
        const row = Math.min(Math.max(0, (host(pass.index).words[INDEX.rows] as number) - 1), height - 1)
        host(out).floats.set(host(x).floats.subarray(row * width, (row + 1) * width), 0)
      })
    },

    argmax: ({ logits, vocab, rows, out, at = 0, targetIds }) =>
      push(() => {
        const map = targetIds && host(targetIds).words
        for (let r = 0; r < rows; r++) {
          const token = largest(host(logits).floats, r * vocab, vocab)
          host(out).words[at + r] = map && token !== NO_TOKEN ? (map[token] as number) : token
        }
      }),

    topK: (args) =>
      push(() =>
        mostLikely({
          ...args,
          logits: host(args.logits).floats,
          ids: host(args.ids),
          logProbs: args.logProbs && host(args.logProbs),
          at: args.at ?? 0,
        }),
      ),

    treeIndex: ({ tree, sequence, index }) => push(() => indexTree(tree, sequence, index)),

    spanIndex: ({ sequence, from, to, toOffset, rows, tokenOffset = 0, tokens, index }) =>
      push(() => {
        const [first, last] = [host(from).words[0] as number, (host(to).words[0] as number) + toOffset]
        indexSpan({ sequence, from: first, to: last, limit: rows, tokenOffset, tokens, index })
      }),

    walkTree: ({ pass, choices, outcome }) => push(() => walk(pass, host(choices).words, host(outcome).words)),

    commitTokens: ({ outcome, sequence }) => push(() => commit(host(outcome).words, sequence)),

    compactKv: ({ outcome, cache, rows }) => push(() => compact(host(outcome).words, cache, rows)),

    commitLength: ({ outcome, length, fed }) =>
      push(() => {
        const words = host(outcome).words
        host(length).words[0] = (words[OUTCOME.length] as number) + 1 + acceptedRows(words, fed).length
      }),

    setLength: ({ sequence, length, offset }) =>
      push(() => {
        host(length).words[0] = (host(sequence.length).words[0] as number) + offset
      }),

    add: ({ a, b, out, rows }) => {
      const count = rows * (a.shape[1] as number)
      push(() => {
        const [x, y, z] = [host(a).floats, host(b).floats, host(out).floats]
        for (let i = 0; i < count; i++) z[i] = (x[i] as number) + (y[i] as number)
      })
    },

    concat: ({ parts, out, rows }) => {
      const width = out.shape[1] as number
      push(() => {
        joinInto(host(out).floats, parts, rows, width)
      })
    },

    adjustLogits: (args) => push(() => adjust(args)),
    filterLogits: (args) => push(() => filter(args)),
    sample: (args) => push(() => draw(args)),
    perturbLogits: (args) => push(() => perturb(args)),
    countTokens: (args) => push(() => count(args)),
    logProbsOf: (args) => push(() => logProbs(args)),

    kernel: ({ tensors, reference }) =>
      push(() =>
        reference(tensors.map(({ tensor }) => (tensor.dtype === 'u32' ? host(tensor).words : host(tensor).floats))),
      ),
  }
  return checkedOps(ops)
}
