import type { Backend, Ops, Owned, Pass, Tensor } from '@outrider/core'
import { type SamplingParams, samplingWords } from '@outrider/core'
import { SAMPLING, type SamplingTensors } from '@outrider/core/spec'
import { normalValues } from '../random'
import type { BenchGroup } from './bench-case'
import { chainPass } from './chain-pass'
import { opened } from './turns'

interface Rows {
  readonly logits: Tensor
  readonly vocab: number
  readonly pass: Pass
  readonly rows: number
  readonly sampling: SamplingTensors
  readonly ids: Tensor
  readonly logProbs: Tensor
  readonly processed: Tensor
}

/** Of logits, nats: tens of tokens are most of the probability then, as a language model has it. */
const deviation = 3

/** Draft candidates that are asked for. */
const candidates = 8

interface VocabularyOp {
  readonly op: string
  readonly params: SamplingParams
  /** How often the logits have to be read and written, at least. */
  readonly passes: number
  record(ops: Ops, rows: Rows): void
}

/** What is done with logits. Filters work in place: they are measured behind the copy that gives them fresh logits. */
const vocabularyOps: readonly VocabularyOp[] = [
  {
    op: 'argmax',
    params: {},
    passes: 1,
    record: (ops, { logits, vocab, rows, ids }) => ops.argmax({ logits, vocab, rows, out: ids }),
  },
  {
    op: `topK ${candidates}`,
    params: {},
    passes: 1,
    record: (ops, { logits, vocab, rows, ids, logProbs }) =>
      ops.topK({ logits, vocab, rows, k: candidates, ids, logProbs }),
  },
  {
    op: 'sample',
    params: { temperature: 1, seed: 1 },
    passes: 1,
    record: (ops, { logits, vocab, pass, sampling, ids }) => ops.sample({ logits, vocab, pass, sampling, out: ids }),
  },
  adjusted('adjustLogits', {}, false),
  adjusted('adjust, top-k 40', { topK: 40 }, true),
  adjusted('adjust, top-p 0.9', { topP: 0.9 }, true),
]

function adjusted(op: string, params: SamplingParams, filter: boolean): VocabularyOp {
  return {
    op,
    params: { temperature: 0.8, seed: 1, ...params },
    passes: 2,
    record: (ops, { logits, vocab, pass, sampling, processed: out }) => {
      ops.adjustLogits({ logits, vocab, pass, sampling, out })
      if (filter) ops.filterLogits({ logits: out, vocab, pass, sampling })
    },
  }
}

/** Everything that is done with the logits of a vocabulary. */
export function vocabularyGroups(vocab: number): readonly BenchGroup[] {
  return vocabularyOps.map((each) => ({
    op: each.op,
    shape: `${vocab} tokens`,
    dtype: 'f32',
    computed: false,
    open: (place) =>
      opened(async (owned) => {
        const space = vocabularySpace(place.backend, owned, vocab, Math.max(...place.rows))
        place.backend.write(space.sampling.params, samplingWords(each.params))
        return {
          cases: place.rows.map((rows) => {
            const pass = chainPass(place.backend, owned, rows, 16)
            const bytes = 4 * rows * vocab * each.passes
            return { rows, rotation: 1, bytes, flops: 0, record: (ops) => each.record(ops, { ...space, rows, pass }) }
          }),
        }
      }),
  }))
}

function vocabularySpace(backend: Backend, owned: Owned, vocab: number, rows: number): Omit<Rows, 'pass' | 'rows'> {
  const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
  const logits = owned.add(backend.tensor([rows, vocab], 'f32', 'logits'))
  backend.write(logits, normalValues(rows * vocab, deviation, 1))
  return {
    vocab,
    logits,
    processed: owned.add(backend.tensor([rows, vocab], 'f32', 'processed')),
    ids: words(rows * candidates, 'ids'),
    logProbs: owned.add(backend.tensor([rows * candidates], 'f32', 'log-probabilities')),
    sampling: {
      params: words(SAMPLING.words, 'sampling'),
      counts: words(vocab, 'counts'),
      bias: owned.add(backend.tensor([vocab], 'f32', 'bias')),
    },
  }
}
