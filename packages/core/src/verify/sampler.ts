import { Owned } from '../owned'
import { GREEDY_STAGES, type NoiseKey, type SamplingPlan, type SamplingStages, samplingWords } from '../sample'
import type { Backend, Ops, Pass, SamplingTensors, Tensor } from '../spec'
import { IN_PROMPT, SAMPLING } from '../spec'
import { emittedIds } from './emitted-ids'

/** What a session samples with, on the device. Written at the start of a generation; programs are recorded once for its stages. */
export class Sampler {
  readonly tensors: SamplingTensors
  readonly #owned = new Owned()
  #stages: SamplingStages = GREEDY_STAGES
  #words = samplingWords({})
  /** Whether the bias on the device holds anything. */
  #biased = false
  #kept: Kept | null = null

  constructor(
    private readonly backend: Backend,
    private readonly vocab: number,
    private readonly maxRows: number,
  ) {
    try {
      this.tensors = {
        params: this.#owned.add(backend.tensor([SAMPLING.words], 'u32', 'sampling')),
        counts: this.#owned.add(backend.tensor([vocab], 'u32', 'token counts')),
        bias: this.#owned.add(backend.tensor([vocab], 'f32', 'logit bias')),
      }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  get stages(): SamplingStages {
    return this.#stages
  }

  /** Tells programs of different stages apart. */
  get key(): string {
    const on = Object.entries(this.#stages).flatMap(([stage, needed]) => (needed ? [stage] : []))
    return on.length > 0 ? ` with ${on.join()}` : ''
  }

  /** The target's noise, on the host. */
  get noise(): NoiseKey {
    const [seedLow = 0, seedHigh = 0, sequence = 0] = this.#words.subarray(SAMPLING.seedLow)
    return { seedLow, seedHigh, sequence, stream: 0 }
  }

  /** f32 [maxRows]: log-probabilities of what was emitted after each row; null where they are not asked for. */
  get logProbs(): Tensor | null {
    return this.#stages.logProbs ? (this.#kept?.logProbs ?? null) : null
  }

  /** From now on samples as `plan` says; `prompt` is everything that is committed. Throws `OUT_OF_MEMORY`, `DEVICE_LACKS`. */
  begin({ params, bias, stages }: SamplingPlan, prompt: readonly number[]): void {
    if (stages.logProbs) this.#keep()
    this.#stages = stages
    this.#words = samplingWords(params)
    this.backend.write(this.tensors.params, this.#words)
    if (bias || this.#biased) {
      const values = new Float32Array(this.vocab)
      for (const [id, value] of bias ?? []) values[id] = value
      this.backend.write(this.tensors.bias, values)
      this.#biased = bias !== null
    }
    if (!stages.count) return
    const counts = new Uint32Array(this.vocab)
    for (const token of prompt) counts[token] = IN_PROMPT
    this.backend.write(this.tensors.counts, counts)
  }

  /** Records what makes a row's logits those that are drawn from: in place, unless the model's own are kept. */
  process(ops: Ops, logits: Tensor, pass: Pass): Tensor {
    const { adjust, filter, logProbs } = this.#stages
    const { vocab, tensors: sampling } = this
    const apart = logProbs && (adjust || filter)
    const out = apart ? (this.#kept as Kept).processed : logits
    if (adjust || apart) ops.adjustLogits({ logits, vocab, pass, sampling, out })
    if (filter) ops.filterLogits({ logits: out, vocab, pass, sampling })
    return out
  }

  /** Records what follows from an outcome: counts, and the log-probabilities of what was emitted under the model's own logits. */
  committed(ops: Ops, { outcome, logits, rows }: { outcome: Tensor; logits: Tensor; rows: number }): void {
    if (this.#stages.count) ops.countTokens({ outcome, sampling: this.tensors })
    if (!this.#stages.logProbs) return
    const { ids, logProbs } = this.#kept as Kept
    emittedIds(ops, { outcome, ids, rows })
    ops.logProbsOf({ logits, vocab: this.vocab, rows, ids, out: logProbs })
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #keep(): void {
    const { backend, maxRows, vocab } = this
    this.#kept ??= {
      processed: this.#owned.add(backend.tensor([maxRows, vocab], 'f32', 'processed logits')),
      ids: this.#owned.add(backend.tensor([maxRows], 'u32', 'emitted ids')),
      logProbs: this.#owned.add(backend.tensor([maxRows], 'f32', 'log-probabilities')),
    }
  }
}

/** What log-probabilities take. */
interface Kept {
  /** f32 [maxRows, vocab]: logits that are drawn from, beside the model's own. */
  readonly processed: Tensor
  readonly ids: Tensor
  readonly logProbs: Tensor
}
