import { SAMPLING } from '../sample'
import * as check from './checks'
import { OUTCOME } from './pass'
import type { SamplingOps, SamplingTensors } from './sampling'

type Rows = Parameters<SamplingOps['filterLogits']>[0]

/** Logits f32 [rows, vocab] of a pass, and parameters. */
function rows(op: string, { logits, vocab, pass, sampling }: Rows): void {
  check.pass(op, pass)
  check.matrix(op, 'logits', logits, pass.rows, vocab)
  check.elements(op, 'sampling.params', sampling.params, 'u32', SAMPLING.words)
}

function noise(op: string, args: Parameters<SamplingOps['perturbLogits']>[0]): void {
  rows(op, args)
  check.offset(op, 'ahead', args.ahead ?? 1)
  check.whole(op, 'stream', args.stream ?? 0, 0, 2 ** 32 - 1)
  if (args.targetIds) check.elements(op, 'targetIds', args.targetIds, 'u32', args.vocab)
}

/** What an op reads beside logits. */
function read(
  { params, counts, bias }: SamplingTensors,
  { pass }: Pick<Rows, 'pass'>,
): Parameters<typeof check.apart>[2] {
  return [params, counts, bias, pass.tokens, pass.index]
}

/** The ops of sampling for `checkedOps`. */
export function checkedSampling(ops: SamplingOps): SamplingOps {
  return {
    adjustLogits: (args) => {
      const { logits, vocab, pass, sampling, out, mask } = args
      rows('adjustLogits', args)
      check.matrix('adjustLogits', 'out', out, pass.rows, vocab)
      check.elements('adjustLogits', 'sampling.counts', sampling.counts, 'u32', vocab)
      check.elements('adjustLogits', 'sampling.bias', sampling.bias, 'f32', vocab)
      if (mask) check.bitRows('adjustLogits', 'mask', mask, pass.rows, vocab)
      check.apart('adjustLogits', [out], [...read(sampling, args), mask, out === logits ? undefined : logits])
      ops.adjustLogits(args)
    },
    filterLogits: (args) => {
      rows('filterLogits', args)
      ops.filterLogits(args)
    },
    sample: (args) => {
      const { logits, pass, sampling, out, at = 0, targetIds } = args
      noise('sample', args)
      check.place('sample', 'at', at)
      check.elements('sample', 'out', out, 'u32', at + pass.rows)
      check.apart('sample', [out], [...read(sampling, args), logits, targetIds])
      ops.sample(args)
    },
    perturbLogits: (args) => {
      noise('perturbLogits', args)
      ops.perturbLogits(args)
    },
    countTokens: (args) => {
      const { outcome, sampling } = args
      check.elements('countTokens', 'outcome', outcome, 'u32', OUTCOME.words)
      check.elements('countTokens', 'sampling.counts', sampling.counts, 'u32', 1)
      check.apart('countTokens', [sampling.counts], [outcome])
      ops.countTokens(args)
    },
    logProbsOf: (args) => {
      const { logits, vocab, ids, out, at = 0 } = args
      check.rowCount('logProbsOf', args.rows)
      check.place('logProbsOf', 'at', at)
      check.matrix('logProbsOf', 'logits', logits, args.rows, vocab)
      check.elements('logProbsOf', 'ids', ids, 'u32', at + args.rows)
      check.elements('logProbsOf', 'out', out, 'f32', at + args.rows)
      check.apart('logProbsOf', [out], [logits, ids])
      ops.logProbsOf(args)
    },
  }
}
