import { OutriderError } from '../errors'
import { Owned } from '../owned'
import {
  GREEDY_STAGES,
  type NoiseKey,
  noiseWords,
  type SamplingPlan,
  type SamplingStages,
  samplingWords,
} from '../sample'
import type {
  Backend,
  HostProcessor,
  LogitsProcessor,
  Ops,
  Pass,
  RunningProcessor,
  SamplingTensors,
  SequenceTensors,
  Tensor,
  TreeTensors,
} from '../spec'
import { IN_PROMPT, SAMPLING } from '../spec'
import { emittedIds } from './emitted-ids'

/** The stream that seeds of single rounds come from. */
const ROUND_STREAM = 4

/** What changes logits besides the sampling options. */
export interface Shaping {
  readonly processors: readonly LogitsProcessor[]
  /** Whether a mask is written before every round. */
  readonly masked: boolean
}

/** A processor on the host. */
export type NamedHostProcessor = HostProcessor & { readonly name: string }

/** What a session samples with, on the device. Written at the start of a generation; programs are recorded once for its stages. */
export class Sampler {
  readonly tensors: SamplingTensors
  readonly #owned = new Owned()
  #stages: SamplingStages = GREEDY_STAGES
  #words: Uint32Array = samplingWords({})
  /** As the request has them: rounds may have seeds of their own. */
  #seeds: NoiseKey = { seedLow: 0, seedHigh: 0, sequence: 0, stream: ROUND_STREAM }
  #key = ''
  /** Whether the bias on the device holds anything. */
  #biased = false
  #kept: Kept | null = null
  #drafted: Drafted | null = null
  /** u32 [maxRows, ⌈vocab / 32⌉]: tokens that a constraint allows after each row. */
  #mask: Tensor | null = null
  #masked = false
  /** Processors on the device that the session ever used, numbered as they came: programs hold what they allocated. */
  readonly #running = new Map<LogitsProcessor, RunningProcessor>()
  #onDevice: readonly LogitsProcessor[] = []
  #onHost: readonly NamedHostProcessor[] = []

  constructor(
    private readonly backend: Backend,
    private readonly vocab: number,
    private readonly maxRows: number,
    private readonly sequence: SequenceTensors,
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
    return this.#key
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

  /** f32 [maxRows]: of each row of the tree the log-probability after its parent; null where nobody asks for rounds. */
  get draftLogProbs(): Tensor | null {
    return this.#stages.rounds ? (this.#drafted?.logProbs ?? null) : null
  }

  /** Whether it holds what processors allocated, each for itself. */
  get grown(): boolean {
    return this.#running.size > 0
  }

  /** Processors on the host: they come after those on the device and before everything else. */
  get onHost(): readonly NamedHostProcessor[] {
    return this.#onHost
  }

  /**
   * From now on samples as `plan` and `shaping` say; `prompt` is everything that is committed. Throws `OUT_OF_MEMORY`, `DEVICE_LACKS`,
   * `PROCESSOR_FAILED`.
   */
  begin(
    { params, bias, stages }: SamplingPlan,
    prompt: readonly number[],
    { processors, masked }: Shaping = { processors: [], masked: false },
  ): void {
    this.#start(processors)
    if (masked) this.#mask ??= this.#owned.add(this.backend.tensor([this.maxRows, this.maskWords], 'u32', 'token mask'))
    this.#masked = masked
    if (stages.logProbs) this.#keep()
    if (stages.rounds) this.#keepDrafted()
    this.#stages = stages
    this.#key = this.#keyOf()
    this.#words = samplingWords(params)
    this.#seeds = { ...this.noise, stream: ROUND_STREAM }
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

  /**
   * From now on all noise is that of the round at a committed length, where tokens are drawn: for rules whose refusals tell something
   * of the drafts at later positions, which are drafted again.
   */
  beginRound(length: number): void {
    if (!this.#stages.noise) return
    const [low, high] = noiseWords(this.#seeds, length, 0)
    this.#words[SAMPLING.seedLow] = low
    this.#words[SAMPLING.seedHigh] = high
    this.backend.write(this.tensors.params, this.#words)
  }

  /** Words of a row of the mask. */
  get maskWords(): number {
    return Math.ceil(this.vocab / 32)
  }

  /** Writes what may follow the first rows of the next tree: u32 [rows, maskWords]. */
  writeMask(rows: Uint32Array): void {
    this.backend.write(this.#mask as Tensor, rows)
  }

  /** Records what makes the model's logits those that are drawn from: in place, unless the model's own are kept. */
  process(ops: Ops, logits: Tensor, pass: Pass): Tensor {
    const { adjust, filter, logProbs } = this.#stages
    const processed = this.#onDevice.length > 0
    const apart = logProbs && (adjust || filter || this.#masked || processed)
    const out = apart ? (this.#kept as Kept).processed : logits
    if (apart && processed) ops.concat({ parts: [{ x: logits }], out, rows: pass.rows })
    if (processed) this.processors(ops, out, pass)
    return this.choose(ops, processed ? out : logits, pass, out)
  }

  /** Records the processors on the device, in place. */
  processors(ops: Ops, logits: Tensor, pass: Pass): void {
    const { vocab, sequence } = this
    for (const processor of this.#onDevice)
      guarded(processor.name, () => this.#running.get(processor)?.record(ops, { logits, vocab, pass, sequence }))
  }

  /** Records what follows processors: penalties, bias, mask, temperature and filters, from `logits` to `out`. */
  choose(ops: Ops, logits: Tensor, pass: Pass, out: Tensor = logits): Tensor {
    const { adjust, filter } = this.#stages
    const { vocab, tensors: sampling } = this
    const mask = this.#masked ? { mask: this.#mask as Tensor } : {}
    if (adjust || this.#masked || out !== logits) ops.adjustLogits({ logits, vocab, pass, sampling, out, ...mask })
    if (filter) ops.filterLogits({ logits: out, vocab, pass, sampling })
    return out
  }

  /** Records what follows from an outcome: counts, and log-probabilities under the model's own logits of what was emitted and drafted. */
  committed(ops: Ops, { outcome, logits, rows, tree }: CommittedRows): void {
    if (this.#stages.count) ops.countTokens({ outcome, sampling: this.tensors })
    if (!this.#stages.logProbs) return
    const { ids, logProbs } = this.#kept as Kept
    emittedIds(ops, { outcome, ids, rows })
    ops.logProbsOf({ logits, vocab: this.vocab, rows, ids, out: logProbs })
    if (!this.#stages.rounds) return
    const { above, logProbs: out } = this.#drafted as Drafted
    ops.gatherRows({ x: logits, indices: tree.shape, at: 0, rows, out: above })
    ops.logProbsOf({ logits: above, vocab: this.vocab, rows, ids: tree.tokens, out })
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #keyOf(): string {
    const on = Object.entries(this.#stages).flatMap(([stage, needed]) => (needed ? [stage] : []))
    if (this.#masked) on.push('mask')
    const known = [...this.#running.keys()]
    for (const processor of this.#onDevice) on.push(`processor ${known.indexOf(processor)}`)
    return on.length > 0 ? ` with ${on.join()}` : ''
  }

  #start(processors: readonly LogitsProcessor[]): void {
    const { backend, maxRows, vocab } = this
    const onDevice: LogitsProcessor[] = []
    const onHost: NamedHostProcessor[] = []
    for (const processor of processors) {
      if ('host' in processor) {
        const { name, host } = processor
        onHost.push({ name, process: (args) => atOnce(name, host.process(args)) })
        continue
      }
      onDevice.push(processor)
      if (this.#running.has(processor)) continue
      const running = guarded(processor.name, () => processor.device.start(backend, { maxRows, vocab }))
      this.#owned.add({ dispose: () => running.dispose?.() })
      this.#running.set(processor, running)
    }
    this.#onDevice = onDevice
    this.#onHost = onHost
  }

  #keep(): void {
    const { backend, maxRows, vocab } = this
    this.#kept ??= {
      processed: this.#owned.add(backend.tensor([maxRows, vocab], 'f32', 'processed logits')),
      ids: this.#owned.add(backend.tensor([maxRows], 'u32', 'emitted ids')),
      logProbs: this.#owned.add(backend.tensor([maxRows], 'f32', 'log-probabilities')),
    }
  }

  #keepDrafted(): void {
    const { backend, maxRows, vocab } = this
    this.#drafted ??= {
      above: this.#owned.add(backend.tensor([maxRows, vocab], 'f32', 'logits by parent')),
      logProbs: this.#owned.add(backend.tensor([maxRows], 'f32', 'log-probabilities of a draft')),
    }
  }
}

/** A pass whose outcome is known. */
interface CommittedRows {
  readonly outcome: Tensor
  /** The model's own, f32 [rows, vocab]. */
  readonly logits: Tensor
  readonly rows: number
  readonly tree: TreeTensors
}

/** Refuses a processor whose work would come too late. */
function atOnce(name: string, result: unknown): void {
  if (!(result instanceof Promise)) return
  result.catch(() => {})
  throw new OutriderError(
    'PROCESSOR_FAILED',
    `logits processor ${name} gave a promise, and a round does not wait for one: change the logits before it returns`,
  )
}

/** What log-probabilities take. */
interface Kept {
  /** f32 [maxRows, vocab]: logits that are drawn from, beside the model's own. */
  readonly processed: Tensor
  readonly ids: Tensor
  readonly logProbs: Tensor
}

/** What log-probabilities of drafts take. */
interface Drafted {
  /** f32 [maxRows, vocab]: for each row the logits of its parent's. */
  readonly above: Tensor
  readonly logProbs: Tensor
}

/** Runs a processor's own code. Throws its `OutriderError`, else `PROCESSOR_FAILED`. */
export function guarded<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (OutriderError.is(error)) throw error
    throw new OutriderError('PROCESSOR_FAILED', `logits processor ${name} failed: ${String(error)}`, { cause: error })
  }
}
