import { checkedOps, type Ops } from '@outrider/core/spec'
import type { Recorder } from '../recorder'
import { add } from './add/add'
import { adjustLogits } from './adjust-logits/adjust-logits'
import { argmax } from './argmax/argmax'
import { commitLength } from './commit-length/commit-length'
import { commitTokens } from './commit-tokens/commit-tokens'
import { compactKv } from './compact-kv/compact-kv'
import { concat } from './concat/concat'
import { countTokens } from './count-tokens/count-tokens'
import { embed } from './embed/embed'
import { filterLogits } from './filter-logits/filter-logits'
import { gatedLinear } from './gated-linear/gated-linear'
import { gatherLast } from './gather-last/gather-last'
import { gatherRows } from './gather-rows/gather-rows'
import { kernel } from './kernel/kernel'
import { linear } from './linear/linear'
import { logProbsOf } from './log-probs-of/log-probs-of'
import { perturbLogits } from './perturb-logits/perturb-logits'
import { qkv } from './qkv/qkv'
import { rmsNorm } from './rms-norm/rms-norm'
import { sample } from './sample/sample'
import { setLength } from './set-length/set-length'
import { spanIndex } from './span-index/span-index'
import { topK } from './top-k/top-k'
import { treeAttention } from './tree-attention/tree-attention'
import { treeIndex } from './tree-index/tree-index'
import { walkTree } from './walk-tree/walk-tree'

/** The ops of this backend: each checks what it was given and records its dispatches. */
export function recordOps(recorder: Recorder): Ops {
  return checkedOps({
    embed: (args) => embed(recorder, args),
    rmsNorm: (args) => rmsNorm(recorder, args),
    linear: (args) => linear(recorder, args),
    gatedLinear: (args) => gatedLinear(recorder, args),
    qkv: (args) => qkv(recorder, args),
    treeAttention: (args) => treeAttention(recorder, args),
    gatherRows: (args) => gatherRows(recorder, args),
    gatherLast: (args) => gatherLast(recorder, args),
    argmax: (args) => argmax(recorder, args),
    topK: (args) => topK(recorder, args),
    treeIndex: (args) => treeIndex(recorder, args),
    spanIndex: (args) => spanIndex(recorder, args),
    walkTree: (args) => walkTree(recorder, args),
    commitTokens: (args) => commitTokens(recorder, args),
    compactKv: (args) => compactKv(recorder, args),
    commitLength: (args) => commitLength(recorder, args),
    setLength: (args) => setLength(recorder, args),
    add: (args) => add(recorder, args),
    concat: (args) => concat(recorder, args),
    adjustLogits: (args) => adjustLogits(recorder, args),
    filterLogits: (args) => filterLogits(recorder, args),
    sample: (args) => sample(recorder, args),
    perturbLogits: (args) => perturbLogits(recorder, args),
    countTokens: (args) => countTokens(recorder, args),
    logProbsOf: (args) => logProbsOf(recorder, args),
    kernel: (args) => kernel(recorder, args),
  })
}
